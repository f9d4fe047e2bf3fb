import { createGunzip } from 'node:zlib';
import { UsageError } from '#core/errors.ts';

/** Longer lines are rejected without being read into memory. */
export const MAX_LINE_BYTES = 1024 * 1024;
/** Bytes of a rejected long line that its message can quote. */
const HEAD_BYTES = 1000;

/** One line of a file, as bytes. */
export interface ByteLine {
  /** 1-based; blank lines count. */
  readonly number: number;
  /** Offset of its first byte in the unpacked file. */
  readonly offset: number;
  /** Bytes without the line end. */
  readonly length: number;
  /** The content; of a line above the limit, only the beginning. */
  readonly bytes: Buffer;
}

const LF = 0x0a;
const CR = 0x0d;

/** Splits a file into lines in bounded memory. Lines end with LF or CRLF, the last one may have no end. A byte order mark is skipped. */
export async function* readByteLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ByteLine> {
  let number = 0;
  let offset = 0;
  let begun: Buffer[] = [];
  let begunBytes = 0;
  const keep = (piece: Buffer) => {
    const room = MAX_LINE_BYTES + 1 - begunBytes;
    if (piece.length > 0 && room > 0) begun.push(piece.length > room ? piece.subarray(0, room) : piece);
    begunBytes += piece.length;
  };
  const finish = (lineEnd: number): ByteLine => {
    const line = begun.length === 1 && begun[0] ? begun[0] : Buffer.concat(begun);
    const returns = begunBytes <= MAX_LINE_BYTES && line.at(-1) === CR ? 1 : 0;
    const skipped = number === 0 && line.length >= 3 && line.readUIntBE(0, 3) === 0xefbbbf ? 3 : 0;
    const bytes =
      begunBytes > MAX_LINE_BYTES ? Buffer.from(line.subarray(skipped, HEAD_BYTES)) : line.subarray(skipped, line.length - returns);
    const result = { number: ++number, offset: offset + skipped, length: begunBytes - returns - skipped, bytes };
    offset += begunBytes + lineEnd;
    begun = [];
    begunBytes = 0;
    return result;
  };

  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, start)) {
      keep(bytes.subarray(start, end));
      yield finish(1);
      start = end + 1;
    }
    keep(bytes.subarray(start));
  }
  if (begunBytes > 0) yield finish(0);
}

/** Unpacks a gzip file, recognised by its first bytes and not by its name. Any other file passes unchanged. Throws `UsageError` for a damaged archive. */
export async function* unpacked(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = chunks[Symbol.asyncIterator]();
  const first = await source.next();
  if (first.done) return;
  const all = (async function* () {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => source };
  })();
  if (!isPacked(first.value)) {
    yield* all;
    return;
  }
  yield* gunzip(all);
}

/** Whether these are the first bytes of a gzip file. */
export const isPacked = (begin: Uint8Array) => begin[0] === 0x1f && begin[1] === 0x8b;

async function* gunzip(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { Readable } = await import('node:stream');
  const source = Readable.from(packed);
  const unzip = createGunzip();
  source.on('error', (error) => unzip.destroy(error)).pipe(unzip);
  try {
    yield* unzip;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code !== 'string' || !code.startsWith('Z_')) throw error;
    throw new UsageError(
      `the input looks like gzip but cannot be unpacked (${code}): it is damaged or truncated; fix: pack or upload it again`,
      {
        cause: error,
      },
    );
  } finally {
    source.destroy();
    unzip.destroy();
  }
}
