import { RunStopError } from '#core/errors.ts';
import type { Sample } from '#core/sample.ts';
import type { StepLine } from '#output/step-line.ts';
import type { CallGate } from '#pipeline/call-gate.ts';
import type { ManifestLine } from '../run-state/manifest.ts';
import { plainInput } from '../run-state/plain-input.ts';
import { readBatchSamples } from '../run-state/read-batch-samples.ts';
import type { Batch } from './batch-context.ts';
import { findCallTimeoutMs, watchDeadline } from './deadline.ts';
import { type ModelSession, selectConnection } from './model-session.ts';
import { openBatchProcessor } from './process-batch-sample.ts';

export interface ProcessBatchOptions {
  /** The lines to process, in input order. */
  readonly items: readonly ManifestLine[];
  /** A refused key was read again before. */
  readonly isKeyRenewed: boolean;
  readonly onCompleted: (line: StepLine) => void;
}

export interface BatchEnd {
  /** The reason why the batch ended early; absent where it is complete. */
  readonly reason?: unknown;
  /** A refused key has another value now, so the other lines can be processed with it. */
  readonly isKeyRenewed?: boolean | undefined;
}

/** Milliseconds that calls in flight may take after a stop: they are billed anyway. */
const GRACE_MS = 10_000;

/** Processes samples, several at a time, until all are complete or the batch has to end. */
export async function processBatch(batch: Batch, { items, isKeyRenewed, onCompleted }: ProcessBatchOptions): Promise<BatchEnd> {
  const { session, context, plan, isolation } = batch;
  const { coordinator } = session;
  let announced: Promise<boolean> | undefined;
  let completed = 0;
  /** Notifies the other workers at once: their calls until then are billed. */
  const stopFor = (error: unknown) => {
    if (gate.stopped) return;
    gate.stop(error, error instanceof RunStopError ? GRACE_MS : 0);
    if (error instanceof RunStopError) announced = announceStop(error, session, isKeyRenewed);
  };
  const gate: CallGate = session.openGate(() => coordinator.stopped, stopFor);
  const watching = new AbortController();
  const callMs = findCallTimeoutMs(plan.settings, context.step);
  const watched = [coordinator.watch(watching.signal), watchDeadline({ gate, coordinator, context, callMs }, watching.signal)];
  try {
    const connection = selectConnection(await session.connect(gate.signal), context.step);
    const processOne = openBatchProcessor(batch, items, gate, connection);
    const width = isolation.isolated ? 1 : 2 * plan.callsPerLambda + 4;
    const samples = readBatchSamples(plainInput(context.cloud, plan), items, plan.input.kind);
    await processConcurrently(samples, width, gate, async (item, sample) => {
      try {
        const line = await processOne(item, sample);
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
  if (await announced) return { isKeyRenewed: true };
  return completed === items.length
    ? {}
    : { reason: gate.stopped?.reason ?? new Error('a batch ended before all of its lines were complete') };
}

/** Stops the run for all workers. Returns `true` instead where the refused key has another value now. */
async function announceStop(error: RunStopError, { coordinator, renewKeys }: ModelSession, isKeyRenewed: boolean): Promise<boolean> {
  if (error.reason === 'unauthorized' && !isKeyRenewed && !coordinator.stopped && (await renewKeys())) return true;
  await coordinator.stop(error);
  return false;
}

/** Processes at most `width` samples at a time. Equal samples follow each other, so that the later one finds the checkpoint of the earlier one. */
async function processConcurrently(
  samples: AsyncIterable<{ readonly line: ManifestLine; readonly sample: Sample }>,
  width: number,
  gate: CallGate,
  processOne: (item: ManifestLine, sample: Sample) => Promise<void>,
): Promise<void> {
  const inProgress = new Set<Promise<void>>();
  const bySample = new Map<string, Promise<void>>();
  for await (const { line, sample } of samples) {
    while (inProgress.size >= width) await Promise.race(inProgress);
    if (gate.stopped) break;
    const previous = bySample.get(sample.sampleId) ?? Promise.resolve();
    const current = previous.then(() => processOne(line, sample)).finally(() => inProgress.delete(current));
    bySample.set(sample.sampleId, current);
    inProgress.add(current);
  }
  await Promise.all(inProgress);
}
