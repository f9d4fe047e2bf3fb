import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { UsageError } from '#core/errors.ts';
import type { LinePlace } from './truth-index.ts';

/** A line of the truth file that is not blank. */
export interface TextLine extends LinePlace {
  readonly text: string;
}

/** A file of lines, read on from where it was, and again at any place. Close it. */
export interface TruthFile {
  readonly path: string;
  next(): TextLine | undefined;
  readAt(place: LinePlace): string;
  close(): void;
}

const CHUNK = 256 * 1024;
const LF = 0x0a;

/** Opens a truth file of this machine. Reads are synchronous: a chunk takes less time than waiting for it would. Throws `UsageError`. */
export function openTruthFile(path: string): TruthFile {
  const file = openFile(path);
  const readAgain = createWindow(file);
  let buffer = Buffer.alloc(0);
  let base = 0;
  let at = 0;
  let number = 0;
  let ended = false;

  const fill = () => {
    const kept = buffer.subarray(at);
    const chunk = Buffer.allocUnsafe(CHUNK);
    const count = readSync(file, chunk, 0, CHUNK, base + buffer.length);
    ended = count === 0;
    base += at;
    at = 0;
    buffer = Buffer.concat([kept, chunk.subarray(0, count)]);
  };
  const nextLine = (): Omit<TextLine, 'number'> | undefined => {
    let end = buffer.indexOf(LF, at);
    while (end < 0 && !ended) {
      const searched = buffer.length - at;
      fill();
      end = buffer.indexOf(LF, searched);
    }
    if (end < 0) end = buffer.length;
    if (end === at && ended && at >= buffer.length) return undefined;
    const offset = base + at;
    const start = offset === 0 && buffer.length >= 3 && buffer.readUIntBE(0, 3) === 0xefbbbf ? 3 : at;
    const line = { text: buffer.toString('utf8', start, end), offset: offset + start - at, length: end - start };
    at = Math.min(end + 1, buffer.length);
    return line;
  };

  return {
    path,
    next() {
      for (let line = nextLine(); line; line = nextLine()) if (line.text.trim() !== '') return { number: number++, ...line };
      return undefined;
    },
    readAt: ({ offset, length }) => readAgain(offset, length),
    close: () => closeSync(file),
  };
}

function openFile(path: string): number {
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
  if (head[0] === 0x1f && head[1] === 0x8b) throw new UsageError(`the truth file ${path} is packed; unpack it first (gunzip -k)`);
  return file;
}

/** Reads places that mostly follow each other without a call for each. */
function createWindow(file: number): (offset: number, length: number) => string {
  let window = Buffer.alloc(0);
  let from = 0;
  return (offset, length) => {
    if (offset < from || offset + length > from + window.length) {
      const next = Buffer.allocUnsafe(Math.max(CHUNK / 8, length));
      window = next.subarray(0, readSync(file, next, 0, next.length, offset));
      from = offset;
    }
    return window.toString('utf8', offset - from, offset - from + length);
  };
}
