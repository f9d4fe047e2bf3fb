import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { type ByteLine, MAX_LINE_BYTES, readByteLines, unpacked } from '#input/byte-lines.ts';

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function linesOf(text: string | Buffer, piece = 7): Promise<ByteLine[]> {
  const lines: ByteLine[] = [];
  for await (const line of readByteLines(inPieces(Buffer.from(text), piece))) lines.push(line);
  return lines;
}

const texts = (lines: readonly ByteLine[]) => lines.map(({ bytes }) => bytes.toString());

test('lines end with LF or CRLF, the last one with or without', async () => {
  const lines = await linesOf('{"a":1}\r\n{"b":2}\n\n{"c":"é"}');

  expect(texts(lines)).toEqual(['{"a":1}', '{"b":2}', '', '{"c":"é"}']);
  expect(lines.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
});

test('offset and length cut each line out of the file', async () => {
  const file = Buffer.from('\uFEFFfirst\r\nsecond é\n\nlast');

  const lines = await linesOf(file, 3);

  for (const { offset, length, bytes } of lines) expect(file.subarray(offset, offset + length)).toEqual(bytes);
  expect(texts(lines)).toEqual(['first', 'second é', '', 'last']);
});

test('a line above the limit has its true length and only its beginning', async () => {
  const lines = await linesOf(`${'x'.repeat(10 * MAX_LINE_BYTES)}\nshort\n`, 65_536);

  expect(lines[0]?.bytes.length).toBeLessThan(2000);
  expect(lines[0]?.length).toBe(10 * MAX_LINE_BYTES);
  expect(lines[1]?.bytes.toString()).toBe('short');
});

test('gzip is recognised by its first bytes', async () => {
  const lines: string[] = [];
  for await (const { bytes } of readByteLines(unpacked(inPieces(gzipSync('{"a":1}\n{"b":2}\n'), 5)))) lines.push(bytes.toString());

  expect(lines).toEqual(['{"a":1}', '{"b":2}']);
});

test('a truncated gzip file is an error with a fix, not the end of the lines', async () => {
  const packed = gzipSync('{"a":1}\n'.repeat(1000));
  const read = async () => {
    for await (const _ of readByteLines(unpacked(inPieces(packed.subarray(0, packed.length - 12), 50))));
  };

  await expect(read()).rejects.toThrow(/damaged or truncated/);
});
