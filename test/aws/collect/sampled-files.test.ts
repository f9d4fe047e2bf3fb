import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sampleFiles } from '#aws/collect/sampled-files.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

async function linesOf(count: number, unsampledBytes?: number): Promise<number[]> {
  const folder = tempFolder();
  writeFileSync(
    join(folder, 'lines.jsonl'),
    Array.from({ length: count }, (_, n) => `{"n":${n},"text":"${'x'.repeat(n % 3000)}"}\n`).join(''),
  );
  const chunks = await Array.fromAsync(sampleFiles(createDirectoryFiles(folder), unsampledBytes).read('lines.jsonl'));
  return Buffer.concat(chunks)
    .toString('utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { n: number }).n);
}

it('reads a small file completely', async () => {
  expect(await linesOf(100)).toHaveLength(100);
});

it('reads complete lines from all over a large file', async () => {
  const lines = await linesOf(40_000, 1_000_000);

  expect(lines.length).toBeGreaterThan(2_000);
  expect(lines.length).toBeLessThan(20_000);
  expect(lines[0]).toBe(0);
  expect(lines.at(-1)).toBeGreaterThan(39_000);
  expect(new Set(lines).size).toBe(lines.length);
});
