import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readJson, readLines, writeSamples } from '#test/cli/command-line.ts';
import { runIn } from '#test/cli/in-process.ts';
import { type StandIn, type StandInOptions, servedModel, startStandIn } from '#test/models/stand-in.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

const LINES = 8;
const files = ['annotations.jsonl', 'step_0_expression_extraction/annotations.jsonl', 'step_1_grounding/annotations.jsonl', 'run.json'];

async function standIn(options?: StandInOptions): Promise<StandIn> {
  const started = await startStandIn({ models: [servedModel, 'gpt-4.1'], ...options });
  onTestFinished(() => started.close());
  return started;
}

const bytesOf = (results: string) =>
  Object.fromEntries(
    files.filter((name) => existsSync(join(results, name))).map((name) => [name, readFileSync(join(results, name), 'utf8')]),
  );

async function finishedFolder() {
  const folder = tempFolder();
  writeSamples(folder, LINES);
  const server = await standIn();
  const { results } = await runIn(folder, server.overrides);
  server.calls.length = 0;
  return { folder, server, results };
}

/** Each makes a run end with fewer lines than the folder holds, after `calls` answers where it is the server's doing. */
const endings: Record<string, { overrides?: string[]; script?: StandInOptions['script']; interrupt?: boolean }> = {
  'a refused key': { script: () => ({ status: 401, error: 'Invalid API key' }) },
  'a key refused after some answers': { script: (_, calls) => (calls.length > 6 ? { status: 401, error: 'Invalid API key' } : undefined) },
  'an empty account': { script: () => ({ status: 402, error: 'Insufficient balance' }) },
  'an unknown model': { script: () => ({ status: 404, error: 'The model does not exist' }) },
  'every line failed': { script: () => ({ status: 400, error: 'cannot read this image' }) },
  'an interrupt': { interrupt: true, script: () => undefined },
  'its own limit': { overrides: ['workflow.limit=3'] },
  'its own sample': { overrides: ['workflow.sample=4', 'workflow.seed=7'] },
  'a used-up budget': { overrides: ['vlm.openai.model_name=gpt-4.1', 'vlm.coordinates=qwen3-vl', 'workflow.budget_usd=0.0001'] },
};

const changes: Record<string, string[]> = {
  'the same settings': [],
  'a new prompt': ['extraction.instructions=Name the colours.'],
  'a new model': ['vlm.openai.model_name=gpt-4.1', 'vlm.coordinates=qwen3-vl'],
  force_reprocess: ['workflow.force_reprocess=true'],
  'step 1 alone with a new prompt': ['workflow.steps=["1"]', 'grounding.instructions=Only whole things.'],
};

const newPrompt = 'a new prompt';
/** Every ending once, every change once; `npm run test:kept` takes all pairs through the real command. */
const pairs = [
  ...Object.keys(endings).map((ending) => [ending, newPrompt] as const),
  ...Object.keys(changes).map((change) => ['a key refused after some answers', change] as const),
];

test.each(pairs)('a run that ends by %s, with %s, removes no line from the results in place', async (ending, change) => {
  const { overrides = [], script, interrupt } = endings[ending] ?? {};
  const { folder, server, results } = await finishedFolder();
  const before = bytesOf(results);
  const controller = new AbortController();
  const bad = await standIn({
    latencyMs: 3,
    script: (call, calls) => {
      if (interrupt && calls.length === 5) controller.abort(new Error('Ctrl-C'));
      return script?.(call, calls);
    },
  });
  const settings = [
    ...server.overrides,
    `vlm.openai.base_url=${bad.url}`,
    ...(changes[change] ?? []),
    ...overrides,
    'workflow.max_workers=2',
  ];

  const { run } = await runIn(folder, settings, { signal: controller.signal });

  const { done = 0 } = run.counts;
  if (done < LINES) {
    expect(bytesOf(results)).toEqual(before);
    expect(readLines(results, 'stopped/annotations.jsonl')).toHaveLength(done);
    expect(readJson(results, 'stopped/run.json')).toMatchObject({ counts: { done } });
  }
  expect(readLines(results, 'annotations.jsonl')).toHaveLength(LINES);
  await runIn(folder, server.overrides);
  expect(server.calls).toEqual([]);
  expect(bytesOf(results)['annotations.jsonl']).toBe(before['annotations.jsonl']);
});

test('a run with a new prompt is resumed from its own checkpoints, and replaces the results once it holds as many lines', async () => {
  const { folder, server, results } = await finishedFolder();
  const before = readFileSync(join(results, 'annotations.jsonl'), 'utf8');
  const changed = [...server.overrides, 'extraction.instructions=Name the colours.'];
  const stopping = await standIn({ script: (_, calls) => (calls.length > 6 ? { status: 401, error: 'Invalid API key' } : undefined) });
  await runIn(folder, [...changed, `vlm.openai.base_url=${stopping.url}`, 'workflow.max_workers=1']);
  const billed = stopping.billed.length;

  const { run } = await runIn(folder, changed);

  expect(billed).toBe(6);
  expect(server.calls).toHaveLength(LINES - billed); // the new prompt finds the same phrases, so step 1 makes no calls
  expect(run.counts).toMatchObject({ done: LINES });
  expect(readFileSync(join(results, 'annotations.jsonl'), 'utf8')).not.toBe(before);
  expect(existsSync(join(results, 'stopped'))).toBe(false);
  expect(readdirSync(join(results, 'step_0_expression_extraction')).sort()).toEqual(['.ckpt', 'annotations.jsonl']);
});

test('a stopped run with a new prompt keeps the checkpoints of two other prompts', async () => {
  const { folder, server } = await finishedFolder();
  const stopped = async (instructions: string) => {
    const stopping = await standIn({ script: (_, calls) => (calls.length > 5 ? { status: 401, error: 'Invalid API key' } : undefined) });
    const overrides = [
      ...server.overrides,
      `vlm.openai.base_url=${stopping.url}`,
      'workflow.max_workers=1',
      `extraction.instructions=${instructions}`,
    ];
    await runIn(folder, overrides);
    return stopping.billed.length;
  };
  const billed = [await stopped('Be brief.'), await stopped('Be exact.')];

  await runIn(folder, server.overrides);
  expect(server.calls).toHaveLength(0);
  await runIn(folder, [...server.overrides, 'extraction.instructions=Be brief.']);

  expect(server.calls).toHaveLength(LINES - (billed[0] ?? 0));
});

test('a stopped forced run resumes without a repeated call', async () => {
  const { folder, server, results } = await finishedFolder();
  const forced = [...server.overrides, 'workflow.force_reprocess=true', 'workflow.max_workers=1'];
  let refuse = true;
  const changing = await standIn({
    script: (_, calls) => (refuse && calls.length > 9 ? { status: 401, error: 'Invalid API key' } : undefined),
  });
  await runIn(folder, [...forced, `vlm.openai.base_url=${changing.url}`]);
  const billed = changing.billed.length;
  refuse = false;

  const { run } = await runIn(folder, [...forced, `vlm.openai.base_url=${changing.url}`]);

  expect(billed).toBe(9);
  expect(changing.billed).toHaveLength(2 * LINES);
  expect(run.counts).toMatchObject({ done: LINES });
  expect(existsSync(join(results, 'stopped'))).toBe(false);
});

test('--replace puts fewer lines in place without a call', async () => {
  const { folder, server, results } = await finishedFolder();
  await runIn(folder, [...server.overrides, 'workflow.limit=3']);

  const { folder: written } = await runIn(folder, [...server.overrides, 'workflow.limit=3'], { replace: true });

  expect(written).toBe(results);
  expect(readLines(results, 'annotations.jsonl')).toHaveLength(3);
  expect(existsSync(join(results, 'stopped'))).toBe(false);
  expect(server.calls).toHaveLength(0);
});

test('lines that are no longer in the input do not keep old results in place', async () => {
  const { folder, server, results } = await finishedFolder();
  const kept = readFileSync(join(folder, 'captions.jsonl'), 'utf8').split('\n').slice(0, 5);
  writeFileSync(join(folder, 'captions.jsonl'), `${kept.join('\n')}\n`);

  await runIn(folder, server.overrides);

  expect(readLines(results, 'annotations.jsonl')).toHaveLength(5);
});

test('failed lines in the form of TAO do not count as completed', async () => {
  const folder = tempFolder();
  writeSamples(folder, 6);
  const server = await standIn();
  const tao = [...server.overrides, 'output.compat=tao'];
  const { results } = await runIn(folder, tao);
  const before = readFileSync(join(results, 'annotations.jsonl'), 'utf8');
  const refusing = await standIn({ script: () => ({ status: 400, error: 'cannot read this image' }) });

  const { folder: written } = await runIn(folder, [...tao, `vlm.openai.base_url=${refusing.url}`, 'extraction.instructions=Be brief.']);

  expect(written).toBe(join(results, 'stopped'));
  expect(readLines(written, 'annotations.jsonl')).toHaveLength(6);
  expect(readFileSync(join(results, 'annotations.jsonl'), 'utf8')).toBe(before);
});

test('run.json of a running run is in stopped/ while results of another run are in place', async () => {
  const { folder, server, results } = await finishedFolder();
  const before = readFileSync(join(results, 'run.json'), 'utf8');
  let during: { status?: string } = {};
  let inPlace = '';
  const watching = await standIn({
    script: () => {
      during = readJson(results, 'stopped/run.json');
      inPlace = readFileSync(join(results, 'run.json'), 'utf8');
      return undefined;
    },
  });

  await runIn(folder, [...server.overrides, `vlm.openai.base_url=${watching.url}`, 'extraction.instructions=Be brief.']);

  expect(during.status).toBe('running');
  expect(inPlace).toBe(before);
  expect(readJson(results, 'run.json')).toMatchObject({ status: 'finished' });
});

test('new lines are added to the results in place', async () => {
  const { folder, server, results } = await finishedFolder();
  appendFileSync(join(folder, 'captions.jsonl'), `${JSON.stringify({ image_path: 'img/0.png', caption: 'a small dog' })}\n`);

  await runIn(folder, server.overrides);

  expect(readLines(results, 'annotations.jsonl')).toHaveLength(LINES + 1);
  expect(server.calls).toHaveLength(2);
});
