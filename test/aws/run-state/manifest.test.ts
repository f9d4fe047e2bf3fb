import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatManifestLine, groupRanges, ManifestLine } from '#aws/run-state/manifest.ts';
import { readBatchSamples } from '#aws/run-state/read-batch-samples.ts';
import { unpacked } from '#input/byte-lines.ts';
import { readSamples } from '#input/read-samples.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

/** A file, its samples as a local run reads them, and their manifest. */
async function prepare(text: string | Buffer) {
  const files = createDirectoryFiles(tempFolder());
  const plain = Buffer.concat(await Array.fromAsync(unpacked(one(Buffer.from(text)))));
  writeFileSync(join(files.folder, 'lines.jsonl'), plain);
  const read = await Array.fromAsync(readSamples(one(Buffer.from(text))));
  const samples = read.flatMap((line) => ('sample' in line ? [line] : []));
  const manifest = samples.map(({ number, offset, length, sample }) => ({ n: number, o: offset, b: length, id: sample.lineId }));
  return {
    files,
    samples: samples.map(({ sample }) => sample),
    manifest: manifest.map((line) => ManifestLine.parse(JSON.parse(formatManifestLine(line)))),
  };
}

async function* one(bytes: Buffer) {
  yield bytes;
}

const again = async ({ files, manifest }: Awaited<ReturnType<typeof prepare>>, lines = manifest) =>
  (await Array.fromAsync(readBatchSamples({ files, path: 'lines.jsonl' }, lines, 'captions'))).map(({ sample }) => sample);

const caption = fc
  .oneof(fc.string({ unit: 'grapheme', minLength: 1 }), fc.constantFrom('ein roter Wagen', '赤い車', '🚗🚙', 'e\u0301toile', 'a\u2028b'))
  .filter((text) => text.trim() !== '');
const line = fc
  .record({ image_path: fc.constantFrom('a.jpg', 'ü/b.jpg', '鳥.png'), caption, k: fc.option(fc.integer()) })
  .map((fields) => JSON.stringify(fields));
const file = fc.record({
  lines: fc.array(fc.oneof({ weight: 8, arbitrary: line }, fc.constantFrom('', '   ', 'no json', '{"caption":"no image"}')), {
    minLength: 1,
    maxLength: 40,
  }),
  end: fc.constantFrom('\n', '\r\n'),
  mark: fc.boolean(),
  last: fc.boolean(),
  packed: fc.boolean(),
});

describe('manifest', () => {
  it('gives the samples of a local run for any line ends, scripts and compression', async () => {
    await fc.assert(
      fc.asyncProperty(file, async ({ lines, end, mark, last, packed }) => {
        const text = `${mark ? '\ufeff' : ''}${lines.join(end)}${last ? end : ''}`;
        const prepared = await prepare(packed ? gzipSync(text) : text);

        expect(await again(prepared)).toEqual(prepared.samples);
      }),
      { numRuns: 60 },
    );
  });

  it('takes about sixty bytes for a line of any length', () => {
    expect(formatManifestLine({ n: 1_000_000, o: 250_000_000, b: 900_000, id: '000000397133-6b1f0c2e9a417d05' }).length).toBeLessThan(80);
  });

  it('detects a replaced file', async () => {
    const prepared = await prepare('{"image_path":"a.jpg","caption":"a red car"}\n');
    writeFileSync(join(prepared.files.folder, 'lines.jsonl'), '{"image_path":"a.jpg","caption":"a big car"}\n');

    await expect(again(prepared)).rejects.toThrow(/differs from the manifest: was the file replaced/);
  });
});

describe('ranges of lines', () => {
  const lines = (...places: [number, number][]) => places.map(([o, b], index) => ({ n: index + 1, o, b, id: 'x' }));

  it('combine adjacent lines', () => {
    expect(groupRanges(lines([0, 100], [101, 100], [202, 50]))).toMatchObject([{ start: 0, end: 252 }]);
  });

  it('separate distant lines', () => {
    expect(groupRanges(lines([0, 100], [10_000_000, 100])).map(({ start, end }) => [start, end])).toEqual([
      [0, 100],
      [10_000_000, 10_000_100],
    ]);
  });

  it('have at most four megabytes, unless a single line has more', () => {
    const megabyte = 1024 * 1024;
    const ranges = groupRanges(lines(...Array.from({ length: 10 }, (_, index): [number, number] => [index * (megabyte + 1), megabyte])));

    expect(ranges.every(({ start, end }) => end - start <= 4 * megabyte)).toBe(true);
    expect(ranges.flatMap(({ lines: own }) => own)).toHaveLength(10);
  });
});
