import { setImmediate as nextTurn } from 'node:timers/promises';
import { RunStopError } from '#core/errors.ts';
import { freeBytes } from '#core/free-bytes.ts';
import type { Clock, ImageStore } from '#core/ports.ts';
import type { Sample } from '#core/sample.ts';
import { type InputLine, readSamples } from '#input/read-samples.ts';
import { composeRejectedResult, type LineResult } from '#output/line-result.ts';
import type { CallGate } from '#pipeline/call-gate.ts';
import type { ConcurrencyLimit } from './concurrency.ts';
import type { OrderedWriter } from './ordered-writer.ts';
import type { RunPlan } from './run-plan.ts';

export interface ProcessLinesOptions {
  readonly images: ImageStore;
  readonly order: OrderedWriter;
  readonly gate: CallGate;
  readonly concurrency: ConcurrencyLimit;
  readonly clock: Clock;
  /** Runs the steps of a sample. */
  readonly processSample: (sample: Sample, images: ImageStore, signal: AbortSignal) => Promise<LineResult>;
  /** Called for every line that is read. Returns the earlier result of a line that is no sample. */
  readonly onRead?: ((line: InputLine) => LineResult | undefined) | undefined;
  /** Called for every completed line, in the order of completion. */
  readonly onCompleted?: ((line: LineResult) => void) | undefined;
}

/** Milliseconds that calls in flight may take after a stop, and that an interrupted run spends on lines that need no call. */
const GRACE_MS = 10_000;

/**
 * Runs the steps of all lines concurrently, and passes the results on in input order.
 * After a stop it continues with lines that need no call, so that earlier work stays in the result files.
 * Returns the number of the first pending line, if any.
 */
export async function processLines(
  plan: Pick<RunPlan, 'input' | 'choice' | 'imageBase'>,
  options: ProcessLinesOptions,
): Promise<number | undefined> {
  const { order, gate, concurrency, clock } = options;
  const inProgress = new Map<string, Promise<void>>();
  let firstPending: number | undefined;
  let [index, place] = [0, 0];
  let cachedLinesUntil: number | undefined;

  const notePending = (line: number) => {
    firstPending = Math.min(firstPending ?? line, line);
  };

  const complete = (at: number, line: LineResult) => {
    options.onCompleted?.(line);
    order.put(at, line);
  };

  const begin = (sample: Sample, at: number) => {
    const previous = sample.repeat > 0 ? inProgress.get(sample.sampleId) : undefined;
    const current = processAfter(previous, sample, options)
      .then((line) => complete(at, line))
      .catch((error: unknown) => {
        stopFor(gate, error);
        notePending(sample.line);
        order.put(at, undefined);
      })
      .finally(() => {
        if (inProgress.get(sample.sampleId) === current) inProgress.delete(sample.sampleId);
      });
    inProgress.set(sample.sampleId, current);
    return current;
  };

  for await (const line of readSamples(plan.input.open(), plan.input.kind)) {
    if (gate.stopped && cachedLinesUntil === undefined)
      cachedLinesUntil = isInterrupt(gate) ? clock.now() + GRACE_MS : Number.POSITIVE_INFINITY;
    const isOver = cachedLinesUntil !== undefined && clock.now() > cachedLinesUntil;
    const isChosen = plan.choice.has(index++);
    if (!isChosen || isOver) notePending(line.number);
    if (isOver || index > plan.choice.end) break;
    const earlier = options.onRead?.(line);
    if (!isChosen) continue;
    const at = place++;
    if ('rejected' in line) complete(at, earlier ?? composeRejectedResult(line.rejected, plan.imageBase));
    else await concurrency.start(() => begin(line.sample, at));
    if (place % 16 === 0) {
      await order.flushed();
      await nextTurn(); // lines that need no call never wait, so signals and timers would
    }
  }
  await Promise.all(inProgress.values());
  await order.end();
  return firstPending;
}

/** Processes a sample after the previous equal line, whose checkpoint then holds the shared reply. */
async function processAfter(previous: Promise<void> | undefined, sample: Sample, options: ProcessLinesOptions): Promise<LineResult> {
  const { gate, concurrency, processSample } = options;
  await previous;
  const held: Uint8Array[] = [];
  const images: ImageStore = {
    stat: (path, signal) => options.images.stat(path, signal),
    async read(path, signal) {
      gate.check();
      const bytes = await options.images.read(path, signal);
      held.push(bytes);
      concurrency.hold(bytes.length);
      return bytes;
    },
  };
  const processWithoutCalls = () => processSample(sample, images, new AbortController().signal);
  const process = () =>
    processSample(sample, images, gate.signal).catch((error: unknown) => {
      if (!gate.signal.aborted) throw error;
      return processWithoutCalls(); // the stop of another sample aborted it: it may need no call
    });
  const release = (canFree: boolean) => {
    concurrency.release(held.reduce((sum, { length }) => sum + length, 0));
    if (canFree) held.forEach(freeBytes);
  };
  try {
    const line = await (gate.stopped ? processWithoutCalls() : process());
    release(!gate.stopped); // after a stop, a request may still be sending the bytes
    return line;
  } catch (error) {
    release(false);
    throw error;
  }
}

function stopFor(gate: CallGate, error: unknown): void {
  if (error === gate.stopped?.reason) return; // thrown by the stop itself
  gate.stop(error, error instanceof RunStopError ? GRACE_MS : 0);
}

const isInterrupt = ({ stopped }: CallGate) => stopped?.reason instanceof RunStopError && stopped.reason.reason === 'interrupted';
