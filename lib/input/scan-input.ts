import { createHash } from 'node:crypto';
import { isPacked, unpacked } from './byte-lines.ts';

export interface InputScan {
  /** Lines that are not blank. */
  readonly lines: number;
  /** Hash of the file's bytes, packed or not. */
  readonly sha256: string;
  readonly bytes: number;
}

const LF = 0x0a;
/** The byte order mark, which is no content at the beginning of a file. */
const MARK = [0xef, 0xbb, 0xbf];

/** Reads a file once to count its lines and to compute its hash. A chunk is not used after the next one is requested, so its buffer may be reused. */
export async function scanInput(chunks: AsyncIterable<Uint8Array>): Promise<InputScan> {
  const hash = createHash('sha256');
  let bytes = 0;
  const seen = async function* () {
    let packed: boolean | undefined;
    for await (const chunk of chunks) {
      packed ??= isPacked(chunk);
      hash.update(chunk);
      bytes += chunk.length;
      yield packed ? Buffer.from(chunk) : chunk; // the unpacker still reads it when the next chunk arrives
    }
  };
  const lines = await countLines(unpacked(seen()));
  return { lines, sha256: hash.digest('hex'), bytes };
}

async function countLines(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let lines = 0;
  let hasLine = false;
  let marked = 0;
  for await (const chunk of chunks) {
    let start = 0;
    while (marked < MARK.length && start < chunk.length)
      if (chunk[start] === MARK[marked]) [start, marked] = [start + 1, marked + 1];
      else marked = MARK.length;
    for (let end = chunk.indexOf(LF, start); end >= 0; end = chunk.indexOf(LF, start)) {
      if (hasLine || hasContent(chunk, start, end)) lines++;
      hasLine = false;
      start = end + 1;
    }
    hasLine ||= hasContent(chunk, start, chunk.length);
  }
  return hasLine ? lines + 1 : lines;
}

/** Whether the range has more than spaces, tabs and CR, as for `isBlank`. */
function hasContent(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return true;
  }
  return false;
}
