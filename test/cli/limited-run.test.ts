import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { groundline, readLines } from '#test/run/command-line.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

interface Labelled {
  readonly image_path: string;
  readonly caption: string;
  readonly expressions: readonly { readonly text: string; readonly instances: readonly { readonly bbox: number[] }[] }[];
}

const photos = readFileSync('examples/demo/captions.jsonl', 'utf8').trim().split('\n');

test.each([
  ['--limit', ['--limit', '2'], 2],
  ['--sample', ['--sample', '3'], 3],
  ['--pilot', ['--pilot', '--sample', '2'], 2],
])('export, evaluate and report take a run that was ended by its own %s', { timeout: 120_000 }, async (_, flags, lines) => {
  const folder = tempFolder();
  const input = photos.map((line) => JSON.parse(line) as { image_path: string });
  const absolute = input.map((line) => ({ ...line, image_path: join(process.cwd(), 'examples/demo', line.image_path) }));
  writeFileSync(join(folder, 'captions.jsonl'), absolute.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const ran = await groundline(['generate', 'captions.jsonl', '--out', 'results', '--backend', 'builtin', ...flags], { cwd: folder });
  const truth = readLines<Labelled>(folder, 'results/annotations.jsonl').map(({ image_path, caption, expressions }) => {
    const known = expressions.map(({ text, instances }) => ({ text, boxes: instances.map(({ bbox }) => bbox) }));
    return JSON.stringify({ image_path, caption, expressions: known });
  });
  writeFileSync(join(folder, 'truth.jsonl'), `${truth.join('\n')}\n`);

  const exported = await groundline(['export', 'results', '--to', 'odvg', '--out', 'odvg.jsonl'], { cwd: folder });
  const evaluated = await groundline(['evaluate', 'results', '--truth', 'truth.jsonl', '--json'], { cwd: folder });
  const reported = await groundline(['report', 'results'], { cwd: folder });

  expect(ran.code).toBe(0);
  expect(exported).toMatchObject({ code: 0 });
  expect(readLines(folder, 'odvg.jsonl')).toHaveLength(lines);
  expect(evaluated).toMatchObject({ code: 0 });
  expect(reported).toMatchObject({ code: 0 });
  expect(readFileSync(join(folder, 'results/report.html'), 'utf8')).not.toContain('This run is unfinished');
});
