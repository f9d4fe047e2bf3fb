import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockResults } from '#local/lock-results.ts';
import { type StandInOptions, startStandIn } from '#test/models/stand-in.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { groundline, readJson, readLines, start, writeInput, writeSamples } from '../command-line.ts';

const timeout = 60_000;

async function ranWith(script: StandInOptions['script'], more: readonly string[] = []) {
  const folder = tempFolder();
  writeSamples(folder, 4);
  const server = await startStandIn(script ? { script } : {});
  onTestFinished(() => server.close());
  const first = await groundline(['generate', 'captions.jsonl', '--out', 'results', ...server.overrides, ...more], { cwd: folder });
  return { folder, server, first, results: join(folder, 'results') };
}

test('retry repeats only failed lines, in place, with the settings of the run', { timeout }, async () => {
  let broken = true;
  const { server, first, results } = await ranWith(
    ({ caption }) => (broken && /[13]$/.test(caption) ? { status: 400 } : undefined),
    ['grounding.max_instances=3', 'workflow.force_reprocess=true'],
  );
  broken = false;
  server.calls.length = 0;

  const end = await groundline(['retry', results], { cwd: tempFolder(), env: { OPENAI_API_KEY: 'none' } });

  expect(first.code).toBe(2);
  expect(end).toMatchObject({ code: 0, stdout: expect.stringMatching(/^4 samples done, 2 without a call\n4 calls/) });
  expect(server.calls.every(({ caption }) => /[13]$/.test(caption))).toBe(true);
  expect(server.calls.at(-1)?.prompt).toContain('at most 3 per description');
  expect(readLines(results, 'failed.jsonl')).toEqual([]);
});

test('retry makes no call where run.json leaves out a part of extra_body', { timeout }, async () => {
  const { server, results, folder } = await ranWith(undefined, ['vlm.openai.extra_body={prompt_cache_key: "k", top_k: 7}']);
  server.calls.length = 0;

  const end = await groundline(['retry', 'results'], { cwd: folder, env: { OPENAI_API_KEY: 'none' } });

  expect(JSON.stringify(readJson(results, 'run.json'))).not.toContain('prompt_cache_key');
  expect(end.code).toBe(0);
  expect(server.calls).toEqual([]);
});

test('retry --id repeats one completed sample', { timeout }, async () => {
  const { server, results, folder } = await ranWith(undefined);
  server.calls.length = 0;

  const end = await groundline(['retry', 'results', '--id', '2'], { cwd: folder, env: { OPENAI_API_KEY: 'none' } });
  const unknown = await groundline(['retry', 'results', '--id', '77'], { cwd: folder, env: { OPENAI_API_KEY: 'none' } });

  expect(end.code).toBe(0);
  expect(server.calls.map(({ caption }) => caption)).toEqual([
    'um a red car near a tall tree, number 2',
    'um a red car near a tall tree, number 2',
  ]);
  expect(readLines(results, 'annotations.jsonl')).toHaveLength(4);
  expect(unknown).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^groundline: no sample 77 in .*; fix: name an image_id from annotations\.jsonl\n$/),
  });
});

test('retry --id repeats a sample whose checkpoint cannot be read', { timeout }, async () => {
  const { server, results, folder } = await ranWith(undefined);
  const checkpoints = join(results, 'step_1_grounding/.ckpt');
  const name = readdirSync(checkpoints).find((one) => one.startsWith('2-')) as string;
  rmSync(join(checkpoints, name));
  mkdirSync(join(checkpoints, name, 'within'), { recursive: true });
  server.calls.length = 0;

  const damaged = await groundline(['retry', 'results'], { cwd: folder, env: { OPENAI_API_KEY: 'none' } });
  expect(readLines<{ _groundline: object }>(results, 'stopped/failed.jsonl')).toMatchObject([
    { _groundline: { code: 'checkpoint_unreadable' } },
  ]);
  expect([damaged.code, server.calls]).toEqual([2, []]);

  const end = await groundline(['retry', 'results', '--id', '2'], { cwd: folder, env: { OPENAI_API_KEY: 'none' } });

  expect(end.code).toBe(0);
  expect(server.calls).toHaveLength(2);
  expect(readLines(results, 'annotations.jsonl')).toHaveLength(4);
});

test('retry --id finds an image by its id in annotations.jsonl', { timeout }, async () => {
  const folder = tempFolder();
  const ids = ['a/b', '😀', 'my photo.x'];
  writeInput(
    folder,
    ids.map((image_id) => ({ image_path: 'a.png', caption: `a red car ${image_id}`, image_id })),
    ['a.png'],
  );
  const server = await startStandIn();
  onTestFinished(() => server.close());
  await groundline(['generate', 'captions.jsonl', '--out', 'results', ...server.overrides], { cwd: folder });
  server.calls.length = 0;

  for (const id of ids) {
    expect(await groundline(['retry', 'results', '--id', id], { cwd: folder, env: { OPENAI_API_KEY: 'none' } })).toMatchObject({ code: 0 });
    expect(server.calls.splice(0).map(({ caption }) => caption)).toEqual(Array(2).fill(`a red car ${id}`));
  }
});

test('retry --id removes no checkpoint during another run', { timeout }, async () => {
  const { results, folder, server } = await ranWith(undefined);
  const lock = await lockResults(results);
  onTestFinished(() => lock.release());
  server.calls.length = 0;

  const end = await start(['retry', 'results', '--id', '2'], { cwd: folder, env: { OPENAI_API_KEY: 'none' } }).end;
  lock.release();
  await groundline(['retry', 'results'], { cwd: folder, env: { OPENAI_API_KEY: 'none' } });

  expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining('another run') });
  expect(server.calls).toEqual([]);
});

const step0 = 'step_0_expression_extraction/annotations.jsonl';
const number1 = ({ step, caption }: { step: string; caption: string }) => step === 'step_0' && caption.endsWith('1');

/** Line 1 fails in step 0, then step 1 is run alone. */
async function groundedAlone(overrides: readonly string[] = [], before: (results: string) => void = () => {}) {
  let broken = true;
  const ran = await ranWith((call) => (broken && number1(call) ? { status: 400 } : undefined));
  before(ran.results);
  const alone = ['generate', 'captions.jsonl', '--out', 'results', ...ran.server.overrides, ...overrides, 'workflow.steps=["1"]'];
  const second = await groundline(alone, { cwd: ran.folder });
  broken = false;
  ran.server.calls.length = 0;
  const again = (args: readonly string[]) => groundline(args, { cwd: ran.folder, env: { OPENAI_API_KEY: 'none' } });
  return { ...ran, second, again };
}

test('retry runs failures of step 0 through both steps after a run of step 1', { timeout }, async () => {
  const { server, second, results, again } = await groundedAlone();

  const end = await again(['retry', 'results']);

  expect(second.stdout).toContain('to retry: groundline retry results; each failure: failed.jsonl');
  expect(end).toMatchObject({ code: 0, stdout: expect.stringMatching(/^4 samples done, 3 without a call\n2 calls/) });
  expect(server.calls.map(({ step }) => step)).toEqual(['step_0', 'step_1']);
  expect(readLines(results, 'failed.jsonl')).toEqual([]);
});

test('retry leaves step 0 of another model alone and prints a command for it', {
  timeout,
}, async () => {
  const other = 'vlm.openai.model_name=Qwen/Qwen3-VL-32B-Instruct';
  const { server, second, folder, results, again } = await groundedAlone([other]);
  const stepFile = readLines(results, step0);

  const end = await again(['retry', 'results']);
  const calls = server.calls.length;
  const command = /^ {2}groundline (.*)$/m.exec(end.stdout)?.[1] ?? '';
  const elsewhere = await again(command.split(' ').map((word) => word.replaceAll("'", '')));

  expect(calls).toBe(0);
  expect(readLines(results, step0)).toEqual(stepFile);
  expect(end.stdout).toContain('\nall failed before step 1, and this run has step 1 alone; to retry them in a new results folder:\n');
  expect([second.stdout, (await again(['status', 'results'])).stdout]).toEqual(Array(2).fill(expect.stringContaining(command)));
  expect(elsewhere).toMatchObject({ code: 0, stdout: expect.stringMatching(/^1 sample done\n2 calls/) });
  expect(readLines(folder, 'results-retried', 'annotations.jsonl')).toMatchObject([{ image_path: 'img/1.png' }]);
});

test('retry does not replace a step file edited by hand', { timeout }, async () => {
  const { server, results, again } = await groundedAlone([], (edited) => {
    const [first, ...rest] = readLines(edited, step0);
    writeFileSync(join(edited, step0), [{ ...first, expressions: [] }, ...rest].map((line) => `${JSON.stringify(line)}\n`).join(''));
  });
  const edited = readLines(results, step0);

  const end = await again(['retry', 'results']);

  expect(end).toMatchObject({ code: 2, stdout: expect.stringContaining('results_dir=results-retried') });
  expect(server.calls).toEqual([]);
  expect(readLines(results, step0)).toEqual(edited);
});

test('status shows the progress of a run in words and as JSON', { timeout }, async () => {
  const { folder, results } = await ranWith(({ caption }) => (caption.endsWith('1') ? { status: 400 } : undefined), ['workflow.limit=3']);
  const before = readJson(results, 'run.json');

  const [words, json, none] = await Promise.all(
    [
      ['status', 'results'],
      ['status', 'results', '--json'],
      ['status', '.'],
    ].map((args) => groundline(args, { cwd: folder })),
  );

  expect(words?.stdout).toMatch(/^2 samples done, 1 failed\n1 line not chosen by this run\nfailed: 1 × model_error\n/);
  expect(JSON.parse(json?.stdout ?? '')).toMatchObject({ counts: { lines: 4, done: 2, failed: 1, pending: 1 }, first_pending_line: 4 });
  expect(none).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^groundline: no run\.json in .*: name the results folder of a run/),
  });
  expect(readJson(results, 'run.json')).toEqual(before);
});

test('status shows why a run ended early', { timeout }, async () => {
  const { folder, results } = await ranWith(() => undefined, ['workflow.limit=3']);
  const stop = { reason: 'unauthorized', message: 'the key was not accepted' };
  writeFileSync(join(results, 'run.json'), JSON.stringify({ ...readJson(results, 'run.json'), status: 'stopped', stop }));

  const { stdout } = await groundline(['status', 'results'], { cwd: folder });

  expect(stdout).toMatch(/^3 samples done\n[\s\S]*\nstopped early: the key was not accepted\n$/);
});

test('retry of stopped/ with --replace puts its lines in place', { timeout }, async () => {
  const { folder, results, server } = await ranWith(undefined);
  const again = (args: readonly string[]) => groundline(args, { cwd: folder, env: { OPENAI_API_KEY: 'none' } });
  await again(['generate', 'captions.jsonl', '--out', 'results', ...server.overrides, '--limit', '2']);
  server.calls.length = 0;

  const kept = await again(['status', 'results']);
  const end = await again(['retry', 'results/stopped', '--replace']);

  expect(kept.stdout).toContain('a later run with fewer completed lines:\n2 samples done');
  expect(kept.stdout).toContain('to replace the results with it: groundline retry results/stopped --replace');
  expect(end.code).toBe(0);
  expect(server.calls).toEqual([]);
  expect(readLines(results, 'annotations.jsonl')).toHaveLength(2);
});
