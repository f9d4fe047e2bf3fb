import { createHash } from 'node:crypto';
import { isPacked, unpacked } from './byte-lines.ts';

export interface InputScan {
  /** Lines that are not blank. */
  readonly lines: number;
  /** Of the file as it is, packed or not. */
  readonly sha256: string;
  readonly bytes: number;
}

const LF = 0x0a;
/** The byte order mark, no ink at the beginning of a file. */
const MARK = [0xef, 0xbb, 0xbf];

/** Reads a file once, a chunk being looked at only until the next one is asked for, for what has to be known before its first line is: how many lines there are, and which file it is. */
export async function scanInput(chunks: AsyncIterable<Uint8Array>): Promise<InputScan> {
  const hash = createHash('sha256');
  let bytes = 0;
  const seen = async function* () {
    let packed: boolean | undefined;
    for await (const chunk of chunks) {
      packed ??= isPacked(chunk);
      hash.update(chunk);
      bytes += chunk.length;
      yield packed ? Buffer.from(chunk) : chunk; // an unpacker is still at work on it when the next one comes
    }
  };
  const lines = await countLines(unpacked(seen()));
  return { lines, sha256: hash.digest('hex'), bytes };
}

async function countLines(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let lines = 0;
  let inked = false;
  let marked = 0;
  for await (const chunk of chunks) {
    let start = 0;
    while (marked < MARK.length && start < chunk.length)
      if (chunk[start] === MARK[marked]) [start, marked] = [start + 1, marked + 1];
      else marked = MARK.length;
    for (let end = chunk.indexOf(LF, start); end >= 0; end = chunk.indexOf(LF, start)) {
      if (inked || hasInk(chunk, start, end)) lines++;
      inked = false;
      start = end + 1;
    }
    inked ||= hasInk(chunk, start, chunk.length);
  }
  return inked ? lines + 1 : lines;
}

/** Whether anything but spaces, tabs and CR stands there: as the reader of lines sees it. */
function hasInk(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return true;
  }
  return false;
}
