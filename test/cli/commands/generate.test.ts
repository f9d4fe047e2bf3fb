import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkResults } from '#test/check-results.ts';
import { type StandIn, type StandInOptions, startStandIn } from '#test/models/stand-in.ts';
import { isMissing, needing } from '#test/shared-material.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { drawImage, readJson, readLines, writeInput, writeSamples } from '../command-line.ts';
import { runIn } from '../in-process.ts';

type Record_ = {
  image_path: string;
  caption: string;
  expressions: { text: string; grounding?: string; instances: unknown[]; expression_id: string }[];
};

async function standIn(options?: StandInOptions): Promise<StandIn> {
  const started = await startStandIn(options);
  onTestFinished(() => started.close());
  return started;
}

const annotations = (results: string) => readLines<Record_>(results, 'annotations.jsonl');
const bytes = (results: string, name = 'annotations.jsonl') => readFileSync(join(results, name), 'utf8');
const violations = (folder: string, results: string) => checkResults(join(folder, 'captions.jsonl'), results);
/** A second checker, by other authors. */
const otherChecker = '../shared/tools/check_results.py';

test.skipIf(isMissing(otherChecker))(needing(otherChecker, 'finished results pass the independent checker'), async () => {
  const folder = tempFolder();
  writeSamples(folder, 5);
  const server = await standIn();

  const { results } = await runIn(folder, server.overrides);

  expect(() => execFileSync('python3', [otherChecker, join(folder, 'captions.jsonl'), results])).not.toThrow();
});

test('every line is grounded, in input order, however the calls end', async () => {
  const folder = tempFolder();
  writeSamples(folder, 40);
  const server = await standIn({ latencyMs: 5 });

  const { results, run } = await runIn(folder, server.overrides);

  expect(annotations(results).map(({ image_path }) => image_path)).toEqual(Array.from({ length: 40 }, (_, index) => `img/${index}.png`));
  expect(annotations(results)[0]?.expressions.map(({ text, grounding }) => [text, grounding])).toEqual([
    ['red car', 'found'],
    ['tall tree', 'found'],
  ]);
  expect(run.counts).toMatchObject({ lines: 40, done: 40, failed: 0, pending: 0, cached: 0 });
  expect(bytes(results)).toBe(bytes(results, 'step_1_grounding/annotations.jsonl'));
  expect(violations(folder, results)).toEqual([]);
});

test('steps do not wait for each other: step 1 of one sample runs beside step 0 of another', async () => {
  const folder = tempFolder();
  writeSamples(folder, 60);
  const server = await standIn({ latencyMs: 5 });

  await runIn(folder, [...server.overrides, 'workflow.max_workers=4']);

  const steps = server.calls.map(({ step }) => step);
  expect(steps.indexOf('step_1')).toBeLessThan(steps.lastIndexOf('step_0'));
  expect(server.maxInFlight).toBe(4);
});

test('a second run makes no call and writes the same bytes', async () => {
  const folder = tempFolder();
  writeSamples(folder, 10);
  const server = await standIn();
  const first = await runIn(folder, server.overrides);
  const before = bytes(first.results);
  rmSync(join(first.results, 'annotations.jsonl'));

  const { run } = await runIn(folder, server.overrides);

  expect(server.calls).toHaveLength(20);
  expect(bytes(first.results)).toBe(before);
  expect(run.counts).toMatchObject({ done: 10, cached: 10 });
});

test('only what changed is asked again: a caption, an image, or more lines', async () => {
  const folder = tempFolder();
  writeSamples(folder, 4);
  const server = await standIn();
  await runIn(folder, server.overrides);
  const lines = readFileSync(join(folder, 'captions.jsonl'), 'utf8').replace('number 1', 'number one');
  writeFileSync(join(folder, 'captions.jsonl'), `${lines}{"image_path":"img/0.png","caption":"a small dog"}\n`);
  drawImage(join(folder, 'img/2.png'), 'another picture of the same name');
  server.calls.length = 0;

  const { run } = await runIn(folder, server.overrides);

  expect(
    server.calls
      .filter(({ step }) => step === 'step_0')
      .map(({ caption }) => caption)
      .sort(),
  ).toEqual(['a small dog', 'um a red car near a tall tree, number 2', 'um a red car near a tall tree, number one']);
  expect(run.counts).toMatchObject({ lines: 5, done: 5, cached: 2 });
});

test('equal lines share one answer, even when they are under way at once, and have ids of their own', async () => {
  const folder = tempFolder();
  const line = { image_path: 'a.png', caption: 'a red car' };
  writeInput(folder, [line, line, line, line], ['a.png']);
  const server = await standIn({ latencyMs: 30 });

  const { results } = await runIn(folder, server.overrides);

  expect(server.calls).toHaveLength(2);
  const ids = annotations(results).map(({ expressions }) => expressions[0]?.expression_id);
  expect(new Set(ids).size).toBe(4);
  expect(violations(folder, results)).toEqual([]);
});

test('equal lines share a failure too: it is paid once, and tried again by the next run', async () => {
  const folder = tempFolder();
  const line = { image_path: 'a.png', caption: 'um a red car' };
  writeInput(folder, [line, line, line], ['a.png']);
  const server = await standIn({ script: () => ({ text: 'I would rather not' }) });

  const { results } = await runIn(folder, server.overrides);
  expect(server.calls).toHaveLength(2);
  const failures = readLines<{ _groundline: object }>(results, 'failed.jsonl').map(({ _groundline }) => _groundline);
  expect(failures).toMatchObject([1, 2, 3].map((number) => ({ line: number, code: 'reply_unusable', attempts: 1 })));
  await runIn(folder, server.overrides);
  expect(server.calls).toHaveLength(4);
});

test('a failed line is in failed.jsonl with its reason, and is tried again by the next run alone', async () => {
  const folder = tempFolder();
  writeSamples(folder, 6);
  let broken = true;
  const server = await standIn({
    script: ({ caption, step }) =>
      broken && step === 'step_1' && caption.endsWith('number 3') ? { status: 400, error: 'cannot read this image' } : undefined,
  });
  const first = await runIn(folder, server.overrides);

  expect(annotations(first.results)).toHaveLength(5);
  const [failure] = readLines<{ image_path: string; _groundline: object }>(first.results, 'failed.jsonl');
  expect(failure).toMatchObject({
    image_path: 'img/3.png',
    _groundline: { line: 4, step: 'step_1', code: 'image_refused', attempts: 1, image_base: folder },
  });
  expect(first.run.failures).toEqual({ image_refused: 1 });
  expect(violations(folder, first.results)).toEqual([]);

  broken = false;
  server.calls.length = 0;
  const second = await runIn(folder, server.overrides);

  expect(server.calls.map(({ step }) => step)).toEqual(['step_1']);
  expect(second.run.counts).toMatchObject({ done: 6, failed: 0 });
});

test('failed.jsonl is an input of its own, wherever it is run', async () => {
  const folder = tempFolder();
  writeSamples(folder, 3);
  const failing = await standIn({ script: ({ caption }) => (caption.endsWith('number 1') ? { status: 400 } : undefined) });
  const { results } = await runIn(folder, failing.overrides);
  const server = await standIn();

  const again = await runIn(folder, server.overrides, { input: join(results, 'failed.jsonl'), results: join(tempFolder(), 'again') });

  expect(annotations(again.results)).toMatchObject([{ image_path: 'img/1.png' }]);
  expect(annotations(again.results)[0]).not.toHaveProperty('_groundline');
  await expect(runIn(folder, server.overrides, { input: join(results, 'failed.jsonl') })).rejects.toThrow(/groundline retry/);
});

test('lines that bring their own phrases or expressions skip step 0', async () => {
  const folder = tempFolder();
  writeInput(
    folder,
    [
      { image_path: 'a.png', caption: 'A red car and a tree.', phrases: ['red car', 'tree'] },
      { image_path: 'a.png', caption: 'A dog.', expressions: [{ text: 'dog', expression_id: 'mine', char_span: [0, 3] }] },
    ],
    ['a.png'],
  );
  const server = await standIn();

  const { results } = await runIn(folder, server.overrides);

  expect(server.calls.map(({ step }) => step)).toEqual(['step_1', 'step_1']);
  expect(annotations(results)[1]?.expressions[0]).toMatchObject({
    text: 'dog',
    expression_id: 'mine',
    char_span: [2, 5],
    grounding: 'found',
  });
  expect(readLines(results, 'step_0_expression_extraction/annotations.jsonl')).toHaveLength(2);
});

const ownExpressions = [
  { image_path: 'a.png', caption: 'A red car and a tree.', phrases: ['red car', 'tree'] },
  { image_path: 'a.png', caption: 'A red car and a tree.', phrases: ['red car', 'tree'] },
  { image_path: 'a.png', caption: 'A red car and a tree.', phrases: ['tree'] },
  { image_path: 'a.png', caption: 'A dog and a cat.', expressions: [{ text: 'dog', expression_id: 'mine' }, 'cat'] },
  { image_path: 'a.png', caption: 'a red car near a tall tree' },
];

test('step 1 alone asks nothing that a run of both steps has paid, also of lines that bring their own phrases', async () => {
  const folder = tempFolder();
  writeInput(folder, ownExpressions, ['a.png']);
  const server = await standIn();
  const { results } = await runIn(folder, server.overrides);
  const before = bytes(results);
  server.calls.length = 0;

  const { run } = await runIn(folder, [...server.overrides, 'workflow.steps=["1"]']);

  expect(server.calls).toEqual([]);
  expect(run.counts).toMatchObject({ done: 5, cached: 5 });
  expect(bytes(results)).toBe(before);
});

test('one step after the other writes the bytes that both at once write', async () => {
  const folder = tempFolder();
  writeInput(folder, ownExpressions, ['a.png']);
  const server = await standIn();
  const both = await runIn(folder, server.overrides, { results: join(folder, 'both') });

  const { results } = await runIn(folder, [...server.overrides, 'workflow.steps=["0"]']);
  await runIn(folder, [...server.overrides, 'workflow.steps=["1"]']);

  expect(bytes(results)).toBe(bytes(both.results));
});

test('an id that a line gives to several expressions stays with the first of them, and that is said', async () => {
  const folder = tempFolder();
  const [dog, cat, car] = ['dog', 'cat', 'car'].map((text) => ({ text, expression_id: 'e1' }));
  writeInput(folder, [{ image_path: 'a.png', caption: 'A dog, a cat and a car.', expressions: [dog, cat, car] }], ['a.png']);
  const server = await standIn();

  const { results, notices } = await runIn(folder, server.overrides);
  const before = bytes(results);
  const again = await runIn(folder, [...server.overrides, 'workflow.steps=["1"]']);

  expect(annotations(results)[0]?.expressions.map(({ expression_id: id }) => id)).toEqual([
    'e1',
    expect.stringMatching(/^expr_[0-9a-f]{16}_01$/),
    expect.stringMatching(/^expr_[0-9a-f]{16}_02$/),
  ]);
  expect(notices).toEqual(['2 given expressions have the id of another one in their line and got new ids: "e1" (line 1), "e1" (line 1)']);
  expect([bytes(results), server.calls.length, again.notices]).toEqual([before, 1, []]);
});

test('an expression that is put into a step file by hand gets an id that no other of its line has', async () => {
  const folder = tempFolder();
  writeInput(folder, [{ image_path: 'a.png', caption: 'a red car near a tall tree' }], ['a.png']);
  const server = await standIn();
  const { results } = await runIn(folder, server.overrides);
  const [record] = readLines<Record_>(results, 'step_0_expression_extraction/annotations.jsonl');
  const [car, tree] = record?.expressions ?? [];
  const edited = { ...record, expressions: [car, { text: 'car' }, tree] };
  writeFileSync(join(results, 'step_0_expression_extraction/annotations.jsonl'), JSON.stringify(edited));

  await runIn(folder, [...server.overrides, 'workflow.steps=["1"]']);

  const ids = annotations(results)[0]?.expressions.map(({ expression_id: id }) => id) ?? [];
  expect([ids[0], ids[2]]).toEqual([car?.expression_id, tree?.expression_id]);
  expect(ids[1]).toMatch(/_03$/);
});

test('a stated orientation that is not the image’s own is not handed on', async () => {
  const folder = tempFolder();
  writeInput(folder, [{ image_path: 'a.png', orientation: 6, caption: 'a red car', other: 6 }], ['a.png']);
  const server = await standIn();

  const { results } = await runIn(folder, server.overrides);

  expect(annotations(results)[0]).not.toHaveProperty('orientation');
  expect(annotations(results)[0]).toHaveProperty('other', 6);
});

test('limit and sample take some lines, and say how many are pending', async () => {
  const folder = tempFolder();
  writeSamples(folder, 20);
  const server = await standIn();

  const limited = await runIn(folder, [...server.overrides, 'workflow.limit=3']);
  const sampled = await runIn(folder, [...server.overrides, 'workflow.sample=5', 'workflow.seed=1'], { results: join(folder, 'other') });
  const same = await runIn(folder, [...server.overrides, 'workflow.sample=5', 'workflow.seed=1'], { results: join(folder, 'third') });

  expect(limited.run).toMatchObject({ counts: { lines: 20, done: 3, pending: 17 }, first_pending_line: 4 });
  expect(sampled.run.counts).toMatchObject({ lines: 20, done: 5, pending: 15 });
  expect(bytes(sampled.results)).toBe(bytes(same.results));
});

test('force_reprocess asks again what is at hand', async () => {
  const folder = tempFolder();
  writeSamples(folder, 3);
  const server = await standIn();
  await runIn(folder, server.overrides);

  await runIn(folder, [...server.overrides, 'workflow.force_reprocess=true']);

  expect(server.calls).toHaveLength(12);
  await runIn(folder, server.overrides);
  expect(server.calls).toHaveLength(12);
});

test('partial samples are kept, or failed where the user wants it so', async () => {
  const folder = tempFolder();
  writeInput(folder, [{ image_path: 'a.png', caption: 'a red car near a tall tree' }], ['a.png']);
  const script: StandInOptions['script'] = ({ step, phrases }) => {
    if (step === 'step_0') return undefined;
    const car = phrases.filter(({ text }) => text === 'red car').map(({ id, text }) => ({ bbox_2d: [1, 1, 500, 500], label: text, id }));
    return { text: car.length > 0 ? JSON.stringify(car) : 'I would rather not say.' };
  };
  const server = await standIn({ script });

  const kept = await runIn(folder, server.overrides);
  const failed = await runIn(folder, [...server.overrides, 'workflow.partial=fail'], { results: join(folder, 'strict') });

  expect(kept.run.counts).toMatchObject({ done: 1, partial: 1 });
  expect(annotations(kept.results)[0]?.expressions.map(({ grounding }) => grounding)).toEqual(['found', 'unanswered']);
  expect(failed.run).toMatchObject({ counts: { done: 0, failed: 1 }, failures: { partial: 1 } });
});

test('a stop keeps what is done, says what is pending, and the next run pays only the rest', async () => {
  const folder = tempFolder();
  writeSamples(folder, 30);
  let refuse = true;
  const server = await standIn({
    latencyMs: 5,
    script: (_, calls) => (refuse && calls.length > 20 ? { status: 401, error: 'Invalid API key' } : undefined),
  });
  const first = await runIn(folder, [...server.overrides, 'workflow.max_workers=2']);

  expect(first.stopped?.reason).toMatchObject({ name: 'RunStopError', reason: 'unauthorized' });
  const { done = 0, pending = 0 } = first.run.counts;
  expect(done).toBeGreaterThan(0);
  expect(done + pending).toBe(30);
  expect(annotations(first.results)).toHaveLength(done);
  expect(readJson(first.results, 'run.json')).toMatchObject({ status: 'stopped', stop: { reason: 'unauthorized' } });

  refuse = false;
  const second = await runIn(folder, server.overrides);

  expect(second.run.counts).toMatchObject({ done: 30, pending: 0 });
  expect(server.billed).toHaveLength(60);
});

test('a stop takes nothing from the results of earlier runs', async () => {
  const folder = tempFolder();
  writeSamples(folder, 20);
  const server = await standIn();
  await runIn(folder, server.overrides);
  const captions = readFileSync(join(folder, 'captions.jsonl'), 'utf8');
  writeFileSync(join(folder, 'captions.jsonl'), `{"image_path":"img/0.png","caption":"a new line"}\n${captions}`);
  const refusing = await standIn({ script: () => ({ status: 401, error: 'Invalid API key' }) });

  const { run, results } = await runIn(folder, [...server.overrides, `vlm.openai.base_url=${refusing.url}`]);

  expect(run).toMatchObject({ counts: { done: 20, pending: 1 }, first_pending_line: 1 });
  expect(annotations(results)).toHaveLength(20);
});

test('an interrupted run keeps the replies that are on their way', async () => {
  const folder = tempFolder();
  writeSamples(folder, 40);
  const controller = new AbortController();
  const server = await standIn({
    latencyMs: 20,
    script: (_, calls) => (calls.length >= 15 ? void controller.abort(new Error('Ctrl-C')) : undefined),
  });

  const { run, stopped } = await runIn(folder, [...server.overrides, 'workflow.max_workers=4'], { signal: controller.signal });

  expect(stopped?.reason).toMatchObject({ message: 'Ctrl-C' });
  expect(server.calls.length).toBeLessThanOrEqual(15 + 8);
  expect(run.counts.pending).toBeGreaterThan(0);
  await runIn(folder, server.overrides);
  expect(server.calls).toHaveLength(80);
});

test('a budget overshoots by calls in flight at most', async () => {
  const folder = tempFolder();
  writeSamples(folder, 40);
  const server = await standIn({ latencyMs: 5, models: ['gpt-4.1'] });
  const perCall = (600 * 2 + 60 * 8) / 1e6;
  const budget = 20.5 * perCall;

  const { run, stopped } = await runIn(folder, [
    ...server.overrides,
    'vlm.coordinates=qwen3-vl',
    'workflow.max_workers=4',
    `workflow.budget_usd=${budget}`,
  ]);

  expect(stopped?.reason).toMatchObject({ reason: 'budget_reached' });
  expect(server.calls.length).toBeGreaterThanOrEqual(21);
  expect(server.calls.length).toBeLessThanOrEqual(21 + 3);
  expect(run).toMatchObject({ calls: server.billed.length, cost_usd: expect.closeTo(server.billed.length * perCall, 8) });
});

test('a server that does not tell its tokens ends a run with a budget, and leaves the cost out of run.json', async () => {
  const folder = tempFolder();
  writeSamples(folder, 40);
  const server = await standIn({ latencyMs: 5, models: ['gpt-4.1'], silent: true });
  const overrides = [...server.overrides, 'vlm.coordinates=xyxy-1000', 'workflow.max_workers=4'];

  const limited = await runIn(folder, [...overrides, 'workflow.budget_usd=1']);
  const paid = server.billed.length;
  const free = await runIn(folder, overrides, { results: join(folder, 'free') });

  expect(limited.stopped?.reason).toMatchObject({ message: expect.stringContaining('gpt-4.1 answered without token counts') });
  expect(paid).toBeLessThanOrEqual(4);
  expect(free.run.counts.done).toBe(40);
  for (const { run } of [limited, free]) expect(run).not.toHaveProperty('cost_usd');
  const { steps } = readJson<{ steps: Record<string, object> }>(free.results, 'run.json');
  expect(steps.step_0).toMatchObject({ calls: 40, tokens: { unreported_calls: 40 } });
  expect(steps.step_0).not.toHaveProperty('cost_usd');
});

test('records hold nothing that a run adds: provenance can be left out, and other servers give the same bytes', async () => {
  const folder = tempFolder();
  writeSamples(folder, 5);
  const [one, two] = [await standIn(), await standIn({ latencyMs: 3 })];

  const first = await runIn(folder, one.overrides);
  const second = await runIn(folder, [...two.overrides, 'workflow.max_workers=1'], { results: join(folder, 'two') });
  const again = bytes(second.results);
  const lean = await runIn(folder, [...two.overrides, 'output.provenance=false'], { results: join(folder, 'two') });

  expect(again).toBe(bytes(first.results));
  expect(annotations(lean.results)[0]).not.toHaveProperty('provenance');
});

test('run.json has no key in it', async () => {
  const folder = tempFolder();
  writeSamples(folder, 1);
  const server = await standIn();

  const { results } = await runIn(folder, [...server.overrides, 'vlm.openai.api_key=sk-very-secret']);

  expect(server.calls[0]?.authorization).toBe('Bearer sk-very-secret');
  expect(bytes(results, 'run.json')).not.toContain('very-secret');
});

test('both dialects of a model give the same phrases and boxes', async () => {
  const folder = tempFolder();
  writeSamples(folder, 3);
  const server = await standIn();
  const expressionsOf = ({ results }: { results: string }) =>
    annotations(results).map(({ expressions }) => expressions.map(({ text, instances }) => ({ text, instances })));

  const openai = await runIn(folder, server.overrides, { results: join(folder, 'openai') });
  const gemini = await runIn(folder, server.geminiOverrides, { results: join(folder, 'gemini') });

  expect(server.calls).toHaveLength(12);
  expect(expressionsOf(gemini)).toEqual(expressionsOf(openai));
  expect(violations(folder, gemini.results)).toEqual([]);
});
