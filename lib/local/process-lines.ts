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
  readonly plan: Pick<RunPlan, 'input' | 'choice' | 'imageBase'>;
  readonly images: ImageStore;
  readonly order: OrderedWriter;
  readonly gate: CallGate;
  readonly concurrency: ConcurrencyLimit;
  readonly clock: Clock;
  /** Takes a sample through its steps. */
  readonly processSample: (sample: Sample, images: ImageStore, signal: AbortSignal) => Promise<LineResult>;
  /** May say what became of the line earlier, in case it is none to settle. */
  readonly onRead?: (line: InputLine) => LineResult | undefined;
  /** In the order of settling. */
  readonly onCompleted?: (line: LineResult) => void;
}

/** How long calls in flight may go on after a stop, and how long an interrupted run goes on to look for lines that need no call. */
const GRACE_MS = 10_000;

/**
 * Takes all lines through their steps at once, as many as may be under way, and hands them on in input order.
 * After a stop it goes on with lines whose answers are at hand, so that earlier work stays in the result files.
 * Returns the number of the first line that is left over, if any.
 */
export async function processLines(options: ProcessLinesOptions): Promise<number | undefined> {
  const { plan, order, gate, concurrency, clock } = options;
  const underWay = new Map<string, Promise<void>>();
  const pending = createFirst();
  let [index, place] = [0, 0];
  let sweepUntil: number | undefined;

  const complete = (at: number, line: LineResult) => {
    options.onCompleted?.(line);
    order.put(at, line);
  };

  const begin = (sample: Sample, at: number) => {
    const before = sample.repeat > 0 ? underWay.get(sample.sampleId) : undefined;
    const mine = processInTurn(sample, before, options).then(
      (line) => complete(at, line),
      (error: unknown) => {
        stopFor(gate, error);
        pending.note(sample.line);
        order.put(at, undefined);
      },
    );
    underWay.set(sample.sampleId, mine);
    mine.finally(() => {
      if (underWay.get(sample.sampleId) === mine) underWay.delete(sample.sampleId);
      concurrency.leave();
    });
  };

  for await (const line of readSamples(plan.input.open(), plan.input.kind)) {
    if (gate.stopped && sweepUntil === undefined) sweepUntil = isInterrupt(gate) ? clock.now() + GRACE_MS : Number.POSITIVE_INFINITY;
    const over = sweepUntil !== undefined && clock.now() > sweepUntil;
    const chosen = plan.choice.has(index++);
    if (!chosen || over) pending.note(line.number);
    if (over || index > plan.choice.end) break;
    const earlier = options.onRead?.(line);
    if (!chosen) continue;
    if ('rejected' in line) complete(place++, earlier ?? composeRejectedResult(line.rejected, plan.imageBase));
    else {
      await concurrency.enter();
      begin(line.sample, place++);
    }
    if (place % 16 === 0) {
      await order.flushed();
      await nextTurn(); // lines that need no call never wait, and signals and timers would have to
    }
  }
  await concurrency.empty();
  await order.end();
  return pending.first;
}

/** Equal lines share one answer: each waits for the one before it, and finds its checkpoint. */
async function processInTurn(sample: Sample, before: Promise<void> | undefined, options: ProcessLinesOptions): Promise<LineResult> {
  const { gate, concurrency, processSample } = options;
  await before;
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
  const afterStop = () => processSample(sample, images, new AbortController().signal);
  const firstTry = () =>
    processSample(sample, images, gate.signal).catch((error: unknown) => {
      if (!gate.signal.aborted) throw error;
      return afterStop(); // it was cut off by the stop of another: perhaps its answers are at hand
    });
  const letGo = (completed: boolean) => {
    concurrency.release(held.reduce((sum, { length }) => sum + length, 0));
    if (completed) held.forEach(freeBytes); // else a request may still be on its way with them
  };
  try {
    const line = await (gate.stopped ? afterStop() : firstTry());
    letGo(!gate.stopped);
    return line;
  } catch (error) {
    letGo(false);
    throw error;
  }
}

function stopFor(gate: CallGate, error: unknown): void {
  if (error === gate.stopped?.reason) return; // it tells what has stopped it
  gate.stop(error, error instanceof RunStopError ? GRACE_MS : 0);
}

const isInterrupt = ({ stopped }: CallGate) => stopped?.reason instanceof RunStopError && stopped.reason.reason === 'interrupted';

function createFirst(): { note(line: number): void; readonly first: number | undefined } {
  let first: number | undefined;
  return {
    note(line) {
      if (first === undefined || line < first) first = line;
    },
    get first() {
      return first;
    },
  };
}
