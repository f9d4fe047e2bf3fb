import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { groundline, writeInput, writeSamples } from '../command-line.ts';

const timeout = 60_000;

test('validate checks every line and image and exits with 2 for bad ones', { timeout }, async () => {
  const folder = tempFolder();
  writeInput(
    folder,
    [{ image_path: 'a.png', caption: 'a red car' }, { image_path: 'no.png', caption: 'a red car' }, '{oops', { image_path: 'a.png' }],
    ['a.png'],
  );

  const [words, json, mild] = await Promise.all([
    groundline(['validate', 'captions.jsonl'], { cwd: folder }),
    groundline(['validate', 'captions.jsonl', '--json'], { cwd: folder }),
    groundline(['validate', 'captions.jsonl', 'workflow.max_failure_rate=0.8'], { cwd: folder }),
  ]);

  expect(words.stdout).toMatch(
    /^4 lines: 1 good, 3 bad \(1 × image_not_found, 2 × invalid_line\)\nline 2: image "no\.png" not found .*\nline 3 is not JSON.*\n/,
  );
  expect(words.code).toBe(2);
  expect(JSON.parse(json.stdout)).toMatchObject({ lines: 4, good: 1, bad: 3, problems: { image_not_found: 1, invalid_line: 2 } });
  expect(mild.code).toBe(0);
});

test('validate and estimate need neither key nor server', { timeout }, async () => {
  const folder = tempFolder();
  writeSamples(folder, 5);

  const [good, estimate, unknown, missing] = await Promise.all([
    groundline(['validate', 'captions.jsonl'], { cwd: folder }),
    groundline(['estimate', 'captions.jsonl', '--backend', 'gemini', '--json'], { cwd: folder }),
    groundline(['estimate', 'captions.jsonl', '--backend', 'openai', 'vlm.openai.model_name=my-own'], { cwd: folder }),
    groundline(['validate', 'no.jsonl'], { cwd: folder }),
  ]);

  expect(good).toMatchObject({ code: 0, stdout: '5 lines: all good\n', stderr: '' });
  const { low, likely, high, ...rest } = JSON.parse(estimate.stdout);
  expect(rest).toMatchObject({
    samples: 5,
    rejected: 0,
    models: { extraction: 'gemini-3.1-flash-lite', grounding: 'gemini-3.1-flash-lite' },
  });
  expect(low.costUsd).toBeLessThan(likely.costUsd);
  expect(likely.costUsd).toBeLessThan(high.costUsd);
  expect(unknown.stdout).toContain('cost           unknown: no price for this model');
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/^groundline: cannot read the input no\.jsonl \(ENOENT\)/) });
});

test('an estimate counts equal lines once and skips extraction of given phrases', { timeout }, async () => {
  const folder = tempFolder();
  const own = { image_path: 'a.png', caption: 'a red car and a tall tree', phrases: ['a red car', 'a tall tree'] };
  const bare = { image_path: 'a.png', caption: 'a red car' };
  writeInput(folder, [own, bare, own, bare, bare, { ...own, phrases: ['a red car'] }], ['a.png']);
  const model = ['--backend', 'openai', 'vlm.openai.model_name=gpt-4.1-mini'];
  const estimate = async (...more: string[]) =>
    JSON.parse((await groundline(['estimate', 'captions.jsonl', '--json', ...model, ...more], { cwd: folder })).stdout);

  const [all, half, step1] = await Promise.all([estimate(), estimate('--limit', '3'), estimate('workflow.steps=["1"]')]);

  expect(all).toMatchObject({ samples: 6, low: { calls: 4 } }); // one extraction, and three groundings
  expect(half).toMatchObject({ samples: 3, low: { calls: 2 } });
  expect(step1).toMatchObject({ low: { calls: 3 } });
});

test('validate and estimate of step 1 alone read the step file of the results', { timeout }, async () => {
  const folder = tempFolder();
  writeSamples(folder, 2);
  const step1 = (...args: string[]) =>
    groundline([...args, '--out', 'results', '--backend', 'builtin', 'workflow.steps=["1"]'], { cwd: folder });

  const nothing = await step1('validate');
  writeFile(
    join(folder, 'results/step_0_expression_extraction'),
    '{"image_path":"img/1.png","caption":"a car","cleaned_caption":"a car","expressions":[]}\n',
  );
  const [good, estimate] = await Promise.all([step1('validate'), step1('generate', '--dry-run')]);

  expect(nothing).toMatchObject({ code: 1, stderr: expect.stringContaining('no input: got no captions file') });
  expect(good).toMatchObject({ code: 0, stdout: '1 line: all good\n' });
  expect(estimate.stdout).toContain('1 sample');
});

function writeFile(path: string, text: string): void {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'annotations.jsonl'), text);
}
