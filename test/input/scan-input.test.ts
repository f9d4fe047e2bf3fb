import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readSamples } from '#input/read-samples.ts';
import { scanInput } from '#input/scan-input.ts';

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test.each([
  ['plain', '{"a":1}\n{"b":2}\n', 2],
  ['without a last line end', '{"a":1}\n{"b":2}', 2],
  ['blank lines', '\n \t\r\n{"a":1}\r\n\n', 1],
  ['a byte order mark alone', '\uFEFF', 0],
  ['a byte order mark', '\uFEFF{"a":1}\n', 1],
  ['nothing', '', 0],
])('counts the lines that the reader reads: %s', async (_, text, lines) => {
  for (const size of [1, 3, 1000]) {
    let read = 0;
    for await (const _line of readSamples(inPieces(Buffer.from(text), size))) read++;

    expect((await scanInput(inPieces(Buffer.from(text), size))).lines).toBe(lines);
    expect(read).toBe(lines);
  }
});

test('the hash covers the bytes of the file, packed or not', async () => {
  const packed = gzipSync('{"a":1}\n{"b":2}\n');

  const scan = await scanInput(inPieces(packed, 10));

  expect(scan).toEqual({ lines: 2, bytes: packed.length, sha256: createHash('sha256').update(packed).digest('hex') });
});
