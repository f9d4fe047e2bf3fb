import { RunStopError } from '#core/errors.ts';
import type { Sample } from '#core/sample.ts';
import type { CallGate } from '#pipeline/call-gate.ts';
import type { ManifestLine } from '../run-state/manifest.ts';
import { plainInput } from '../run-state/plain-input.ts';
import { readBatchSamples } from '../run-state/read-batch-samples.ts';
import type { ProcessBatchOptions } from './batch-context.ts';
import { findCallTimeoutMs, watchDeadline } from './deadline.ts';
import { type ModelSession, selectConnection } from './model-session.ts';
import { openBatchProcessor } from './process-batch-sample.ts';

/** Why a batch was put down before its end, if it was; `renewed` = a refused key is another one now, and the rest can go on with it. */
export interface BatchEnd {
  readonly reason?: unknown;
  readonly renewed?: boolean;
}

/** How long calls in flight may go on after a stop: they are paid for. */
const GRACE_MS = 10_000;

/** Settles samples, several at a time, until all are or there is a reason not to go on. */
export async function processBatch(options: ProcessBatchOptions): Promise<BatchEnd> {
  const { items, session, context, renewed, onCompleted } = options;
  const { coordinator } = session;
  let announced: Promise<boolean> | undefined;
  let completed = 0;
  /** The others are told at once: every second they do not know is paid for. */
  const stopFor = (error: unknown) => {
    if (gate.stopped) return;
    gate.stop(error, error instanceof RunStopError ? GRACE_MS : 0);
    if (error instanceof RunStopError) announced = announce(error, session, renewed);
  };
  const gate: CallGate = session.openGate(() => coordinator.stopped, stopFor);
  const watching = new AbortController();
  const callMs = findCallTimeoutMs(options.plan.settings, context.step);
  const watched = [coordinator.watch(watching.signal), watchDeadline({ gate, coordinator, context, callMs }, watching.signal)];
  try {
    const connection = selectConnection(await session.connect(gate.signal), context.step);
    const batch = openBatchProcessor(options, gate, connection);
    const width = options.isolation.isolated ? 1 : 2 * options.plan.callsPerLambda + 4;
    await processConcurrently(options, width, gate, async (item, sample) => {
      try {
        const line = await batch(item, sample);
        completed++;
        onCompleted(line);
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
  return completed === items.length ? {} : { reason: gate.stopped?.reason ?? new Error('a batch ended before its end') };
}

/** Says whether the run can go on all the same, with a key that is another one now. */
async function announce(error: RunStopError, { coordinator, renewKeys }: ModelSession, renewed: boolean): Promise<boolean> {
  if (error.reason === 'unauthorized' && !renewed && !coordinator.stopped && (await renewKeys())) return true;
  await coordinator.stop(error);
  return false;
}

/** Hands out samples, at most `width` at a time; equal ones one after the other, so that the later finds the answer of the earlier. */
async function processConcurrently(
  { items, plan, context }: ProcessBatchOptions,
  width: number,
  gate: CallGate,
  processOne: (item: ManifestLine, sample: Sample) => Promise<void>,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  const bySample = new Map<string, Promise<void>>();
  for await (const { line, sample } of readBatchSamples(plainInput(context.cloud, plan), items, plan.input.kind)) {
    while (underWay.size >= width) await Promise.race(underWay);
    if (gate.stopped) break;
    const before = bySample.get(sample.sampleId) ?? Promise.resolve();
    const mine = before.then(() => processOne(line, sample)).finally(() => underWay.delete(mine));
    bySample.set(sample.sampleId, mine);
    underWay.add(mine);
  }
  await Promise.all(underWay);
}
