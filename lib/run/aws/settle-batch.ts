import { RunStopError } from '#core/errors.ts';
import type { Sample } from '#core/sample.ts';
import type { CallGate } from '#run/call-gate.ts';
import type { StepLine } from '#run/step-line.ts';
import type { BatchMarks } from './batch-mark.ts';
import type { ManifestLine } from './manifest.ts';
import { connectionOf, type ModelSession } from './model-session.ts';
import type { Part } from './part-file.ts';
import { plainInput } from './plain-input.ts';
import type { Poison } from './poison.ts';
import { readBatchSamples } from './read-batch-samples.ts';
import type { BatchContext } from './run-batch.ts';
import { openBatch } from './settle-batch-sample.ts';
import type { StoredPlan } from './stored-plan.ts';
import { callMsOf, watchTime } from './watch-time.ts';

export interface SettleBatchOptions {
  /** What is still to be settled, in input order. */
  readonly items: readonly ManifestLine[];
  /** What step 0 has made of them, where this is step 1 after it. */
  readonly base: Part | undefined;
  readonly plan: StoredPlan;
  readonly session: ModelSession;
  readonly marks: BatchMarks;
  readonly poison: Poison;
  readonly context: BatchContext;
  /** A refused key has been read again already. */
  readonly renewed: boolean;
  readonly onSettled: (line: StepLine) => void;
}

/** Why a batch was put down before its end, if it was; `renewed` = a refused key is another one now, and the rest can go on with it. */
export interface BatchEnd {
  readonly reason?: unknown;
  readonly renewed?: boolean;
}

/** How long calls in flight may go on after a stop: they are paid for. */
const GRACE_MS = 10_000;

/** Settles samples, several at a time, until all are or there is a reason not to go on. */
export async function settleBatch(options: SettleBatchOptions): Promise<BatchEnd> {
  const { items, session, context, renewed, onSettled } = options;
  const { link } = session;
  let announced: Promise<boolean> | undefined;
  let settled = 0;
  /** The others are told at once: every second they do not know is paid for. */
  const stopFor = (error: unknown) => {
    if (gate.stopped) return;
    gate.stop(error, error instanceof RunStopError ? GRACE_MS : 0);
    if (error instanceof RunStopError) announced = announce(error, session, renewed);
  };
  const gate: CallGate = session.openGate(() => link.stopped, stopFor);
  const watching = new AbortController();
  const callMs = callMsOf(options.plan.settings, context.step);
  const watched = [link.watch(watching.signal), watchTime({ gate, link, context, callMs }, watching.signal)];
  try {
    const connection = connectionOf(await session.connect(gate.signal), context.step);
    const batch = openBatch(options, gate, connection);
    const width = options.poison.alone ? 1 : 2 * options.plan.callsPerLambda + 4;
    await takeAll(options, width, gate, async (item, sample) => {
      try {
        const line = await batch(item, sample);
        settled++;
        onSettled(line);
      } catch (error) {
        stopFor(error);
      }
    });
  } catch (error) {
    stopFor(error);
  } finally {
    watching.abort();
    await Promise.all(watched);
  }
  const isRenewed = await announced;
  if (isRenewed) return { renewed: true };
  return settled === items.length ? {} : { reason: gate.stopped?.reason ?? new Error('a batch ended before its end') };
}

/** Says whether the run can go on all the same, with a key that is another one now. */
async function announce(error: RunStopError, { link, renewKeys }: ModelSession, renewed: boolean): Promise<boolean> {
  if (error.reason === 'unauthorized' && !renewed && !link.stopped && (await renewKeys())) return true;
  await link.stop(error);
  return false;
}

/** Hands out samples, at most `width` at a time; equal ones one after the other, so that the later finds the answer of the earlier. */
async function takeAll(
  { items, plan, context }: SettleBatchOptions,
  width: number,
  gate: CallGate,
  settle: (item: ManifestLine, sample: Sample) => Promise<void>,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  const bySample = new Map<string, Promise<void>>();
  for await (const { line, sample } of readBatchSamples(plainInput(context.cloud, plan), items, plan.input.kind)) {
    while (underWay.size >= width) await Promise.race(underWay);
    if (gate.stopped) break;
    const before = bySample.get(sample.sampleId) ?? Promise.resolve();
    const mine = before.then(() => settle(line, sample)).finally(() => underWay.delete(mine));
    bySample.set(sample.sampleId, mine);
    underWay.add(mine);
  }
  await Promise.all(underWay);
}
