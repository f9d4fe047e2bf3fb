import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { drawImage, readLines, writeInput } from '#test/cli/command-line.ts';
import { runIn } from '#test/cli/in-process.ts';
import { startStandIn } from '#test/models/stand-in.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

interface Failed {
  readonly image_path?: string;
  readonly raw?: string;
  readonly _groundline: { readonly line: number; readonly step: string; readonly code: string };
}

const captions = [
  { image_path: 'a.png', caption: 'a red car' },
  '{"image_path":"a.png", oops',
  { image_path: 'b.png', caption: 'a tall tree' },
  { image_path: 'no.png', caption: 'a grey cat' },
];
const step0 = 'step_0_expression_extraction/annotations.jsonl';
const names = ['annotations.jsonl', 'failed.jsonl', step0, 'step_1_grounding/annotations.jsonl'];
const bytes = (results: string) => names.map((name) => readFileSync(join(results, name), 'utf8'));
const failures = (results: string) => readLines<Failed>(results, 'failed.jsonl');

async function ran(lines: readonly (string | Record<string, unknown>)[], overrides: readonly string[] = []) {
  const folder = tempFolder();
  writeInput(folder, lines, ['a.png', 'b.png']);
  const server = await startStandIn();
  onTestFinished(() => server.close());
  const { results } = await runIn(folder, [...server.overrides, ...overrides]);
  const ground = () => runIn(folder, [...server.overrides, ...overrides, 'workflow.steps=["1"]']);
  return { folder, results, ground };
}

test('unreadable lines of a step file are counted once, however often step 1 runs', async () => {
  const { results, ground } = await ran(captions);
  const [good] = readLines(results, step0);
  const bad = [
    { ...good, expressions: 'x' },
    { ...good, caption: undefined },
  ].map((line) => JSON.stringify(line));
  writeFileSync(join(results, step0), `${JSON.stringify(good)}\n${bad.join('\n')}\n{oops\n`);

  const first = await ground();
  const before = bytes(results);
  const again = [await ground(), await ground()];

  expect(first.run.counts).toMatchObject({ lines: 6, done: 1, failed: 5, pending: 0 });
  expect(again.map(({ run }) => run.counts)).toMatchObject([first.run.counts, first.run.counts]);
  expect(bytes(results)).toEqual(before);
  expect(failures(results).map(({ _groundline: { step, line } }) => [step, line])).toEqual([
    ['step_1', 2],
    ['step_1', 3],
    ['step_1', 4],
    ['input', 2],
    ['step_0', 4],
  ]);
});

test('a line that was repaired in the step file is no failure any more', async () => {
  const { results, ground } = await ran(captions);
  const [good] = readLines(results, step0);
  writeFileSync(join(results, step0), `${JSON.stringify(good)}\n{oops\n`);
  await ground();
  writeFileSync(join(results, step0), `${JSON.stringify(good)}\n${JSON.stringify({ ...good, caption: 'a car' })}\n`);

  const { run } = await ground();

  expect(run.counts).toMatchObject({ lines: 4, done: 2, failed: 2 });
});

test('a failed line is not confused with a line of the same image and caption with other phrases', async () => {
  const line = { image_path: 'a.png', caption: 'a red car' };
  const { results, ground } = await ran([
    { ...line, phrases: ['red car'] },
    { ...line, phrases: ['zebra'] },
  ]);

  const { run } = await ground();

  expect(run.counts).toMatchObject({ lines: 2, done: 1, failed: 1 });
  expect(failures(results)).toMatchObject([{ phrases: ['zebra'] }]);
});

test('in the TAO form, which has failed lines in the step file too, each line keeps its reason', async () => {
  const images = tempFolder();
  for (const name of ['a.png', 'b.png']) drawImage(join(images, name));
  const { results, ground } = await ran(captions, ['output.compat=tao', `data.image_root=${images}`]);
  const before = failures(results);

  const first = await ground();
  const grounded = bytes(results);
  const second = await ground();

  expect(first.run.counts).toMatchObject({ lines: 4, done: 2, failed: 2 });
  expect(second.run.counts).toMatchObject({ lines: 4, done: 2, failed: 2 });
  expect(readLines(results, 'annotations.jsonl').map(({ status }) => status)).toEqual([undefined, 'failed', undefined, 'failed']);
  expect(failures(results)).toEqual(before);
  expect(bytes(results)).toEqual(grounded);
});
