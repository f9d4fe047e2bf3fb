import { createGunzip } from 'node:zlib';
import { UsageError } from '#core/errors.ts';

/** Longer lines are rejected, and never held in memory as a whole. */
export const MAX_LINE_BYTES = 1024 * 1024;
/** Of a line that is too long, so much is kept to show. */
const HEAD_BYTES = 1000;

/** One line of a file, as bytes. */
export interface ByteLine {
  /** 1-based; blank lines count. */
  readonly number: number;
  /** Where its first byte is, in the unpacked file, and how many bytes it has without its line end. */
  readonly offset: number;
  readonly length: number;
  /** All of it, or the beginning of a line over the limit. */
  readonly bytes: Buffer;
}

const LF = 0x0a;
const CR = 0x0d;

/** Splits a file into lines in bounded memory: LF or CRLF, with or without a last one; a byte order mark is skipped. */
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
    const whole = begun.length === 1 && begun[0] ? begun[0] : Buffer.concat(begun);
    const returned = begunBytes <= MAX_LINE_BYTES && whole.at(-1) === CR ? 1 : 0;
    const skipped = number === 0 && whole.length >= 3 && whole.readUIntBE(0, 3) === 0xefbbbf ? 3 : 0;
    const bytes =
      begunBytes > MAX_LINE_BYTES ? Buffer.from(whole.subarray(skipped, HEAD_BYTES)) : whole.subarray(skipped, whole.length - returned);
    const line = { number: ++number, offset: offset + skipped, length: begunBytes - returned - skipped, bytes };
    offset += begunBytes + lineEnd;
    begun = [];
    begunBytes = 0;
    return line;
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

/** Unpacks gzip, told by its first bytes whatever the file is called; any other file as it is. Throws `UsageError` for a damaged archive. */
export async function* unpacked(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = chunks[Symbol.asyncIterator]();
  const first = await source.next();
  if (first.done) return;
  const whole = (async function* () {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => source };
  })();
  if (!isPacked(first.value)) {
    yield* whole;
    return;
  }
  yield* gunzipped(whole);
}

/** Whether a file that begins like this is gzip. */
export const isPacked = (begin: Uint8Array) => begin[0] === 0x1f && begin[1] === 0x8b;

async function* gunzipped(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { Readable } = await import('node:stream');
  const source = Readable.from(packed);
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error)).pipe(gunzip);
  try {
    yield* gunzip;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code !== 'string' || !code.startsWith('Z_')) throw error;
    throw new UsageError(`the input looks like gzip but cannot be unpacked (${code}): it is damaged or cut off; pack or upload it again`, {
      cause: error,
    });
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}
