import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { LineResult } from '#output/line-result.ts';

export interface OrderedWriterOptions {
  /** Receives the lines in input order. */
  readonly emit: (line: LineResult) => void | Promise<void>;
  /** A file for lines that do not fit into memory while they wait for an earlier line. */
  readonly spillPath: string;
  /** Characters of waiting lines in memory. @default 16_000_000 */
  readonly memory?: number | undefined;
}

/** Receives lines in the order of completion and emits them in input order. */
export interface OrderedWriter {
  /** Adds a line; `undefined` where it has no result. Every index from 0 on has to be added once. */
  put(index: number, line: LineResult | undefined): void;
  /** Resolves when no further line can be emitted. Throws the error of `emit`. */
  flushed(): Promise<void>;
  /** Resolves when all lines are emitted. Throws the error of `emit`, or `TypeError` where an index is missing. */
  end(): Promise<void>;
  /** Deletes the spill file. */
  close(): void;
}

type Spilled = readonly [offset: number, length: number];

/** One slow line delays all later ones. Above the memory limit they wait on disk. */
export function createOrderedWriter({ emit, spillPath, memory = 16_000_000 }: OrderedWriterOptions): OrderedWriter {
  const waiting = new Map<number, LineResult | Spilled | undefined>();
  let next = 0;
  let held = 0;
  let spill: number | undefined;
  let spillEnd = 0;
  let busy = false;
  let emitting = Promise.resolve();
  let broken: { error: unknown } | undefined;

  const write = (line: LineResult): Spilled => {
    spill ??= openSync(spillPath, 'w+');
    const bytes = Buffer.from(JSON.stringify(line));
    writeSync(spill, bytes, 0, bytes.length, spillEnd);
    const place = [spillEnd, bytes.length] as const;
    spillEnd += bytes.length;
    return place;
  };

  const read = ([offset, length]: Spilled): LineResult => {
    const bytes = Buffer.allocUnsafe(length);
    readSync(spill as number, bytes, 0, length, offset);
    return JSON.parse(bytes.toString('utf8')) as LineResult;
  };

  const emitWaiting = async () => {
    try {
      while (waiting.has(next)) {
        const entry = waiting.get(next);
        waiting.delete(next);
        next++;
        if (entry === undefined) continue;
        const line = isSpilled(entry) ? read(entry) : entry;
        if (!isSpilled(entry)) held -= estimateSize(line);
        await emit(line);
      }
    } catch (error) {
      broken = { error };
    } finally {
      busy = false; // without a pause: the next `put` has to start again
    }
  };

  const flushed = async () => {
    while (busy) await emitting;
    if (broken) throw broken.error;
  };

  return {
    put(index, line) {
      const fits = index === next || line === undefined || held < memory;
      waiting.set(index, fits ? line : write(line));
      if (fits && line) held += estimateSize(line);
      if (busy || broken || !waiting.has(next)) return;
      busy = true;
      emitting = emitWaiting();
    },
    flushed,
    async end() {
      await flushed();
      if (waiting.size > 0)
        throw new TypeError(`${waiting.size} completed lines wait for line ${next + 1} of this run, which has no result`);
    },
    close() {
      if (spill === undefined) return;
      closeSync(spill);
      rmSync(spillPath, { force: true });
    },
  };
}

const isSpilled = (entry: LineResult | Spilled): entry is Spilled => Array.isArray(entry);

const estimateSize = ({ step_0, step_1, failure }: LineResult) =>
  500 + (step_0?.text.length ?? 0) + (step_1?.text.length ?? 0) + (failure?.text.length ?? 0);
