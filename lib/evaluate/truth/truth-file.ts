import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { UsageError } from '#core/errors.ts';
import type { LinePlace } from './truth-index.ts';

/** A line of the truth file that is not blank. */
export interface TextLine extends LinePlace {
  readonly text: string;
}

/** A file of lines that can be read forward, and again at any place. Close it after use. */
export interface TruthFile {
  readonly path: string;
  readonly bytes: number;
  next(): TextLine | undefined;
  readAt(place: LinePlace): string;
  close(): void;
}

const CHUNK = 256 * 1024;
const LF = 0x0a;

/** Opens a local truth file. Reads are synchronous: a chunk is faster to read than to wait for. Throws `UsageError`. */
export function openTruthFile(path: string): TruthFile {
  const file = openTextFile(path);
  const readAgain = createWindow(file);
  let buffer = Buffer.allocUnsafe(2 * CHUNK);
  /** Positions in the buffer: of the next line, and of the end of the data. `base` is the file offset of its first byte. */
  let at = 0;
  let filled = 0;
  let base = 0;
  let number = 0;

  /** Reads the next chunk; false at the end of the file. One buffer is reused, so that there is no garbage. */
  const fill = (): boolean => {
    buffer.copyWithin(0, at, filled);
    base += at;
    filled -= at;
    at = 0;
    if (buffer.length - filled < CHUNK) buffer = Buffer.concat([buffer], buffer.length * 2);
    const count = readSync(file, buffer, filled, CHUNK, base + filled);
    filled += count;
    return count > 0;
  };
  const lineEnd = (from: number): number => {
    const end = buffer.subarray(0, filled).indexOf(LF, from);
    if (end >= 0) return end;
    const searched = filled - at;
    return fill() ? lineEnd(searched) : filled;
  };
  const nextLine = (): Omit<TextLine, 'number'> | undefined => {
    const end = lineEnd(at);
    if (at === filled) return undefined;
    const mark = base + at === 0 && filled >= 3 && buffer.readUIntBE(0, 3) === 0xefbbbf ? 3 : 0;
    const line = { text: buffer.toString('utf8', at + mark, end), offset: base + at + mark, length: end - at - mark };
    at = Math.min(end + 1, filled);
    return line;
  };

  return {
    path,
    bytes: fstatSync(file).size,
    next() {
      for (let line = nextLine(); line; line = nextLine()) if (line.text.trim() !== '') return { number: number++, ...line };
      return undefined;
    },
    readAt: ({ offset, length }) => readAgain(offset, length),
    close: () => closeSync(file),
  };
}

function openTextFile(path: string): number {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    throw new UsageError(`no truth file ${path}; check the path, or make one with "groundline import"`, { cause: error });
  }
  if (fstatSync(file).isDirectory()) throw new UsageError(`the truth ${path} is a folder; name its truth.jsonl`);
  const head = Buffer.alloc(2);
  readSync(file, head, 0, 2, 0);
  if (head[0] === 0x1f && head[1] === 0x8b) throw new UsageError(`the truth file ${path} is compressed; unpack it first (gunzip -k)`);
  return file;
}

/** Reads lines at given places; adjacent places share one read. */
function createWindow(file: number): (offset: number, length: number) => string {
  let window = Buffer.allocUnsafe(CHUNK / 4);
  let from = 0;
  let filled = 0;
  return (offset, length) => {
    const ahead = offset - from;
    if (ahead < 0 || ahead + length > filled) {
      if (length > window.length) window = Buffer.allocUnsafe(length * 2);
      // reading ahead is faster if the next place is near
      const wanted = ahead >= 0 && ahead < 2 * window.length ? window.length : length;
      filled = readSync(file, window, 0, wanted, offset);
      from = offset;
    }
    return window.toString('utf8', offset - from, offset - from + length);
  };
}
