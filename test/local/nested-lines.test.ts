import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readLines, writeInput } from '#test/cli/command-line.ts';
import { runIn } from '#test/cli/in-process.ts';
import { startStandIn } from '#test/models/stand-in.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const deep = `{"image_path":"a.png","caption":"a red car","extra":${nested(6000)}}`;
const deepAndRejected = `{"image_path":"a.png","extra":${nested(6000)}}`;
const good = [1, 2].map((number) => ({ image_path: 'a.png', caption: `a red car ${number}` }));

async function runOf(lines: Parameters<typeof writeInput>[1], overrides: readonly string[] = []) {
  const folder = tempFolder();
  writeInput(folder, lines, ['a.png']);
  const server = await startStandIn();
  onTestFinished(() => server.close());
  const end = await runIn(folder, [...server.overrides, ...overrides]);
  return { ...end, server };
}

test.each([[], ['output.compat=tao']])(
  'a line nested 6,000 levels deep fails alone, and its text is kept as it was',
  async (...overrides) => {
    const { results, run, stopped } = await runOf([good[0] ?? {}, deep, deepAndRejected, good[1] ?? {}], overrides);

    expect(stopped).toBeUndefined();
    expect(run.counts).toMatchObject({ lines: 4, done: 2, failed: 2, pending: 0 });
    expect(readLines<{ raw: string; _groundline: object }>(results, 'failed.jsonl')).toMatchObject([
      { raw: deep, _groundline: { line: 2, step: 'input', code: 'line_too_deep', message: expect.stringContaining('500 levels') } },
      { raw: deepAndRejected, _groundline: { line: 3, code: 'line_too_deep' } },
    ]);
  },
);

test('a line nested 400 levels deep is processed, and its field passes through', async () => {
  const { results } = await runOf([`{"image_path":"a.png","caption":"a red car","extra":${nested(400)},"x":1.50}`]);

  expect(readFileSync(join(results, 'annotations.jsonl'), 'utf8')).toContain(nested(400));
});

test('a deep line of a step file fails alone too', async () => {
  const { results, server } = await runOf(good);
  const path = join(results, 'step_0_expression_extraction/annotations.jsonl');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"source"', `"extra":${nested(6000)},"source"`));

  const { run } = await runIn(results, [...server.overrides, 'workflow.steps=["1"]'], { input: false, results });

  expect(run.counts).toMatchObject({ done: 1, failed: 1 });
  expect(run.failures).toEqual({ line_too_deep: 1 });
});
