/** What the user reads when something is wrong: one line, with its cure, and the exit code. The real command against a real server. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Scripted, type StandInOptions, startStandIn } from '#test/models/stand-in.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { groundline, readJson, readLines, start, writeInput, writeSamples } from './command-line.ts';

const timeout = 60_000;

async function standIn(options?: StandInOptions) {
  const server = await startStandIn(options);
  onTestFinished(() => server.close());
  return server;
}

function folderWith(samples: number): string {
  const folder = tempFolder();
  writeSamples(folder, samples);
  return folder;
}

const generate = (folder: string, args: readonly string[], env: Record<string, string> = {}) =>
  groundline(['generate', 'captions.jsonl', '--out', 'results', ...args], { cwd: folder, env });

/** The only line on stderr. */
function message({ code, stderr }: { code: number | null; stderr: string }): string {
  expect(code).toBe(1);
  expect(stderr).toMatch(/^groundline: [^\n]*\n$/);
  return stderr.slice('groundline: '.length, -1);
}

async function answered(scripted: Scripted, samples = 2) {
  const server = await standIn({ script: () => scripted });
  return { server, end: await generate(folderWith(samples), server.overrides) };
}

test('no key: which variables to set, before anything is read', { timeout }, async () => {
  const folder = folderWith(1);

  const [gemini, openai] = await Promise.all([
    generate(folder, []),
    groundline(['generate', 'captions.jsonl', '--out', 'other', '--backend', 'openai'], { cwd: folder }),
  ]);

  expect(message(gemini)).toBe(
    'no key for https://generativelanguage.googleapis.com: set GOOGLE_API_KEY, GEMINI_API_KEY or vlm.gemini.api_key, or use the builtin backend, which needs none',
  );
  expect(message(openai)).toMatch(/^no key for https:\/\/api\.openai\.com\/v1: set OPENAI_API_KEY/);
});

test('a wrong key: once, with the setting, and never the key itself', { timeout }, async () => {
  const server = await standIn({ script: () => ({ status: 401, error: 'Incorrect API key provided: sk-wrong' }) });

  const end = await generate(folderWith(3), [...server.overrides, 'workflow.max_workers=1'], { OPENAI_API_KEY: 'sk-wrong-key' });

  expect(message(end)).toMatch(/key.*OPENAI_API_KEY or vlm\.openai\.api_key/i);
  expect(end.stderr).not.toContain('sk-wrong-key');
  expect(server.calls).toHaveLength(1);
});

test('a wrong address: what was asked and which setting it is', { timeout }, async () => {
  const { end } = await answered({ status: 404, error: 'page not found' });

  expect(message(end)).toMatch(/http:\/\/127\.0\.0\.1:\d+\/v1.*vlm\.openai\.(?:base_url|model_name)/);
});

test('a wrong model: the served ones are listed', { timeout }, async () => {
  const server = await standIn({
    models: ['Qwen/Qwen3-VL-8B-Instruct', 'other/model'],
    script: () => ({ status: 404, error: 'The model `Qwen/Qwen3-VL-9B-Instruct` does not exist.' }),
  });

  const end = await generate(folderWith(1), [...server.overrides, 'vlm.openai.model_name=Qwen/Qwen3-VL-9B-Instruct']);

  expect(message(end)).toMatch(/Qwen\/Qwen3-VL-9B-Instruct.*Qwen\/Qwen3-VL-8B-Instruct, other\/model/);
});

test('rate limited, or still loading: it waits, says so, and goes on', { timeout }, async () => {
  let loading = 2;
  const server = await standIn({
    script: () => (loading-- > 0 ? { status: 503, error: 'model is loading', headers: { 'retry-after': '1' } } : undefined),
  });

  const end = await generate(folderWith(1), server.overrides);

  expect(end).toMatchObject({ code: 0, stdout: expect.stringContaining('1 sample done') });
  expect(server.billed).toHaveLength(2);
});

test('a server that is down is waited for, and Ctrl-C ends the wait with exit code 130', { timeout }, async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  const folder = folderWith(2);

  const running = start(
    [
      'generate',
      'captions.jsonl',
      '--out',
      'results',
      '--backend',
      'openai',
      `vlm.openai.base_url=http://127.0.0.1:${port}/v1`,
      'vlm.openai.model_name=Qwen/Qwen3-VL-8B-Instruct',
      'vlm.localisation_check=off',
    ],
    { cwd: folder },
  );
  while (!existsSync(join(folder, 'results', 'run.json')) && running.process.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  running.process.kill('SIGINT');
  const end = await running.end;

  expect(end.code).toBe(130);
  expect(end.stderr).toMatch(
    /Stopping… finished work is saved\. Press Ctrl-C again to quit immediately\.\ngroundline: interrupted: finished work is saved; run the same command to resume\n$/,
  );
  expect(readJson(folder, 'results', 'run.json')).toMatchObject({ counts: { pending: 2 }, first_pending_line: 1 });
});

test('a second Ctrl-C leaves at once', { timeout }, async () => {
  const folder = folderWith(4);
  const server = await standIn({ until: new Promise(() => {}) });

  const running = start(['generate', 'captions.jsonl', '--out', 'results', ...server.overrides], { cwd: folder });
  while (server.calls.length === 0 && running.process.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
  running.process.kill('SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 500));
  running.process.kill('SIGINT');

  expect((await running.end).code).toBe(130);
});

test('boxes that no convention explains: what was tried, and the setting', { timeout }, async () => {
  const server = await standIn({ models: ['my/unknown-model'], script: () => ({ text: '[]' }) });

  const end = await generate(
    folderWith(1),
    server.overrides.filter((override) => !override.startsWith('vlm.localisation_check')),
  );

  expect(message(end)).toMatch(/my\/unknown-model at .* is not a known model.*set vlm\.coordinates/);
});

test('a mistyped setting: the one that was meant', { timeout }, async () => {
  const end = await generate(folderWith(1), ['workflow.max_worker=3']);

  expect(message(end)).toMatch(/max_worker.*did you mean .*max_workers/);
});

test('a budget for a model without a known price is refused before anything is paid', { timeout }, async () => {
  const server = await standIn();

  const end = await generate(folderWith(1), [...server.overrides, 'workflow.budget_usd=1']);

  expect(message(end)).toMatch(/workflow\.budget_usd cannot be kept: the price of Qwen\/Qwen3-VL-8B-Instruct is not known/);
  expect(server.calls).toHaveLength(0);
});

test('too many failures are exit code 2, unless the user allows them', { timeout }, async () => {
  const folder = tempFolder();
  writeInput(
    folder,
    [
      { image_path: 'a.png', caption: 'a red car' },
      { image_path: 'no.png', caption: 'a red car' },
    ],
    ['a.png'],
  );
  const server = await standIn();

  const strict = await generate(folder, server.overrides);
  const mild = await generate(folder, [...server.overrides, 'workflow.max_failure_rate=0.5']);

  expect([strict.code, mild.code]).toEqual([2, 0]);
  expect(strict.stdout).toBe(
    '1 sample done, 1 failed\nfailed: 1 × image_not_found\n2 calls, cost unknown\nresults: results\nto retry: groundline retry results; each failure: failed.jsonl\n',
  );
  expect(readLines(folder, 'results', 'failed.jsonl')).toHaveLength(1);
});
