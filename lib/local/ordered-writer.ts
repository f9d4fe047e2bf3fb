import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { LineResult } from '#output/line-result.ts';

export interface OrderedWriterOptions {
  /** Takes lines in input order. */
  readonly emit: (line: LineResult) => void | Promise<void>;
  /** A file for what does not fit into memory while an early line is waited for. */
  readonly spillPath: string;
  /** @default 16 million characters */
  readonly memory?: number;
}

/** Lines settle in any order and leave in input order. */
export interface OrderedWriter {
  /** `undefined` = this line adds nothing. Each index from 0 on is given once. */
  put(index: number, line: LineResult | undefined): void;
  /** Resolves when everything that can leave has left. Throws what `emit` threw. */
  flushed(): Promise<void>;
  /** The same, when every index was put: throws where one is missing, so that nothing is lost in silence. */
  end(): Promise<void>;
  /** Takes the spill file away. */
  close(): void;
}

type Spilled = readonly [offset: number, length: number];

/** One line that takes minutes holds up all that come after it: beyond some memory they wait on disk. */
export function createOrderedWriter({ emit, spillPath, memory = 16_000_000 }: OrderedWriterOptions): OrderedWriter {
  const waiting = new Map<number, LineResult | Spilled | undefined>();
  let next = 0;
  let held = 0;
  let spill: number | undefined;
  let spillEnd = 0;
  let busy = false;
  let leaving = Promise.resolve();
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

  const leave = async () => {
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
      busy = false; // at once: whatever is put from here on begins again
    }
  };

  const flushed = async () => {
    while (busy) await leaving;
    if (broken) throw broken.error;
  };

  return {
    put(index, line) {
      const fits = index === next || line === undefined || held < memory;
      waiting.set(index, fits ? line : write(line));
      if (fits && line) held += estimateSize(line);
      if (busy || broken || !waiting.has(next)) return;
      busy = true;
      leaving = leave();
    },
    flushed,
    async end() {
      await flushed();
      if (waiting.size > 0) throw new TypeError(`${waiting.size} settled lines wait for line ${next + 1} of this run, which never came`);
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
