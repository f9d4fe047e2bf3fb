/** Each fault of TAO's image_grounding that its own code shows (resume, failures, boxes, spans), and what happens here instead. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { runExitCode } from '#cli/local/run-summary.ts';
import { drawImage, readJson, readLines, writeInput, writeSamples } from '#test/cli/command-line.ts';
import { runIn } from '#test/cli/in-process.ts';
import { type StandIn, type StandInOptions, startStandIn } from '#test/models/stand-in.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

interface Annotated {
  readonly image_path: string;
  readonly caption: string;
  readonly width: number;
  readonly height: number;
  readonly cleaned_caption: string;
  readonly orientation?: number;
  readonly status: string;
  readonly expressions: readonly {
    readonly text: string;
    readonly char_span: [number, number];
    readonly expression_id: string;
    readonly grounding?: string;
    readonly instances: readonly { readonly bbox: number[]; readonly score: number | null; readonly bbox_id: string }[];
  }[];
}

async function standIn(options?: StandInOptions): Promise<StandIn> {
  const started = await startStandIn(options);
  onTestFinished(() => started.close());
  return started;
}

const annotations = (results: string) => readLines<Annotated>(results, 'annotations.jsonl');
const failures = (results: string) => readLines<{ _groundline: { code: string; message: string; step: string } }>(results, 'failed.jsonl');
const reply = (value: unknown) => ({ text: JSON.stringify(value) });
const step1 = (answer: (phrases: readonly { id: number; text: string }[]) => ReturnType<typeof reply>): StandInOptions => ({
  script: ({ step, phrases }) => (step === 'step_1' ? answer(phrases) : undefined),
});

async function one(caption: string, options?: StandInOptions, line: Record<string, unknown> = {}) {
  const folder = tempFolder();
  writeInput(folder, [{ image_path: 'a.png', caption, ...line }], ['a.png']);
  const server = await standIn(options);
  const end = await runIn(folder, server.overrides);
  return { ...end, folder, server, record: annotations(end.results)[0] as Annotated };
}

test('3.7 "step-0 call fails: indistinguishable from nothing found, the run passes": here it is a failed line and exit code 2', async () => {
  const { run, results } = await one('a red car', { script: ({ step }) => (step === 'step_0' ? { status: 400, error: 'no' } : undefined) });

  expect(annotations(results)).toEqual([]);
  expect(failures(results)[0]?._groundline).toMatchObject({ step: 'step_0', code: 'model_error' });
  expect(runExitCode(run, 0)).toBe(2);
});

test('3.7 "step-0 parse fails": here the prompt is sent a second time, and then the line fails with the head of the reply', async () => {
  const { server, results } = await one('a red car', { script: () => ({ text: 'I see a car.' }) });

  expect(server.calls).toHaveLength(2);
  expect(failures(results)[0]?._groundline).toMatchObject({ step: 'step_0', code: 'reply_unusable', reply_head: 'I see a car.' });
});

test('3.7 "step-1 call fails: a record with instances [] and a grounding step": here no record claims it', async () => {
  const { run, results } = await one('a red car', { script: ({ step }) => (step === 'step_1' ? { status: 400 } : undefined) });

  expect(annotations(results)).toEqual([]);
  expect(readLines(results, 'step_0_expression_extraction/annotations.jsonl')).toMatchObject([
    { pipeline_steps: ['step0_expression_extraction'] },
  ]);
  expect(failures(results)[0]?._groundline.step).toBe('step_1');
  expect(run.counts).toMatchObject({ done: 0, failed: 1 });
});

test('3.7 "step-1 reply unparseable: checkpointed as done, never retried": here it is unanswered, and the next run sends it again', async () => {
  let garbled = true;
  const folder = tempFolder();
  writeInput(folder, [{ image_path: 'a.png', caption: 'a red car' }], ['a.png']);
  const server = await standIn({ script: ({ step }) => (garbled && step === 'step_1' ? { text: 'sorry' } : undefined) });
  const first = await runIn(folder, server.overrides);

  expect(annotations(first.results)[0]).toMatchObject({ status: 'partial', expressions: [{ grounding: 'unanswered', instances: [] }] });

  garbled = false;
  const second = await runIn(folder, server.overrides);

  expect(annotations(second.results)[0]).toMatchObject({ status: 'ok', expressions: [{ grounding: 'found' }] });
});

test('3.7 "re-run, step file exists: the step is skipped even if the input grew": here new lines are processed and old ones are not billed again', async () => {
  const folder = tempFolder();
  writeSamples(folder, 2);
  const server = await standIn();
  await runIn(folder, server.overrides);
  writeSamples(folder, 3);
  server.calls.length = 0;

  const { results } = await runIn(folder, server.overrides);

  expect(annotations(results)).toHaveLength(3);
  expect(server.calls).toHaveLength(2);
});

test('3.7 "checkpoint validity by file name only": here another model, prompt or parameter makes new calls', async () => {
  const folder = tempFolder();
  writeInput(folder, [{ image_path: 'a.png', caption: 'a red car' }], ['a.png']);
  const server = await standIn();
  const callsOf = async (...overrides: string[]) => {
    server.calls.length = 0;
    await runIn(folder, [...server.overrides, ...overrides]);
    return server.calls.map(({ step }) => step);
  };

  expect(await callsOf()).toEqual(['step_0', 'step_1']);
  expect(await callsOf('vlm.openai.model_name=Qwen/Qwen3-VL-4B-Instruct')).toEqual(['step_0', 'step_1']);
  expect(await callsOf('vlm.openai.model_name=Qwen/Qwen3-VL-4B-Instruct', 'grounding.max_instances=3')).toEqual(['step_1']);
  expect(await callsOf('vlm.openai.model_name=Qwen/Qwen3-VL-4B-Instruct', 'grounding.max_instances=3', 'workflow.max_workers=2')).toEqual(
    [],
  );
});

test('3.7 "duplicate image_id: later records are replaced wholesale by the first one": here each is its own', async () => {
  const folder = tempFolder();
  const lines = [
    { image_path: 'x/a.png', caption: 'a red car' },
    { image_path: 'y/a.png', caption: 'a tall tree' },
    { image_path: 'x/a.png', caption: 'a small dog' },
    { image_path: 'y/a.png', caption: 'a red car', image_id: 'a' },
  ];
  writeInput(folder, lines, ['x/a.png', 'y/a.png']);
  const server = await standIn();

  const { results } = await runIn(folder, server.overrides);

  expect(annotations(results)).toMatchObject(lines);
  expect(annotations(results).map(({ expressions }) => expressions[0]?.text)).toEqual(['red car', 'tall tree', 'small dog', 'red car']);
  expect(server.calls).toHaveLength(8);
});

test('3.7 "step 0 redone, then step 1 is skipped: stale boxes for old expressions": here step 1 follows what step 0 found', async () => {
  const folder = tempFolder();
  writeInput(folder, [{ image_path: 'a.png', caption: 'a red car' }], ['a.png']);
  let found = 'red car';
  const server = await standIn({
    script: ({ step }) =>
      step === 'step_0' ? reply({ cleaned_caption: `A ${found}.`, expressions: [{ text: found, noun_chunk: 'car' }] }) : undefined,
  });
  await runIn(folder, server.overrides);
  found = 'blue car';
  await runIn(folder, [...server.overrides, 'workflow.steps=["0"]', 'workflow.force_reprocess=true']);

  const { results } = await runIn(folder, [...server.overrides, 'workflow.steps=["1"]']);

  expect(annotations(results)[0]?.expressions).toMatchObject([{ text: 'blue car', grounding: 'found' }]);
});

test('3.7 "steps [0]: root annotations.jsonl = step-0 copy": the same here', async () => {
  const folder = tempFolder();
  writeSamples(folder, 2);
  const server = await standIn();

  const { results } = await runIn(folder, [...server.overrides, 'workflow.steps=["0"]']);

  expect(readFileSync(join(results, 'annotations.jsonl'))).toEqual(
    readFileSync(join(results, 'step_0_expression_extraction/annotations.jsonl')),
  );
  expect(existsSync(join(results, 'step_1_grounding'))).toBe(false);
  expect(server.calls.map(({ step }) => step)).toEqual(['step_0', 'step_0']);
});

test('3.7 "steps [1] without a step-0 file: warning, empty files, PASS": here it cannot run, and names the fix', async () => {
  const server = await standIn();

  await expect(runIn(tempFolder(), [...server.overrides, 'workflow.steps=["1"]'], { input: false })).rejects.toThrow(
    /step_0_expression_extraction\/annotations\.jsonl is missing; fix: run steps \["0","1"\]/,
  );
});

/** A step-0 file as TAO's code leaves it: spans as the model counted, ids counted, paths joined. */
function writeTaoStepFile(results: string, image: string, caption = 'A dog and a red car near a tree.'): void {
  const expression = (text: string, span: number[], number: number) => ({
    text,
    instances: [],
    expression_id: `expr_0000${number}`,
    char_span: span,
    noun_chunk: text.split(' ').at(-1),
  });
  const expressions = [expression('red car', [11, 18], 0), expression('tree', [0, 4], 1), expression('small cat', [3, 9], 2)];
  const record = {
    image_path: image,
    caption: 'um a dog and a red car near a tree',
    image_id: 5,
    cleaned_caption: caption,
    expressions,
    source: 'image_grounding',
    pipeline_steps: ['step0_expression_extraction'],
  };
  mkdirSync(join(results, 'step_0_expression_extraction'), { recursive: true });
  writeFileSync(join(results, 'step_0_expression_extraction/annotations.jsonl'), `${JSON.stringify(record).replaceAll('","', '", "')}\n`);
}

test("3.7 steps [1] grounds TAO's own step-0 file: ids stay, wrong spans are repaired, missing phrases are listed", async () => {
  const folder = tempFolder();
  const results = join(folder, 'results');
  drawImage(join(folder, 'a.png'));
  writeTaoStepFile(results, join(folder, 'a.png'));
  const before = readFileSync(join(results, 'step_0_expression_extraction/annotations.jsonl'), 'utf8');
  const server = await standIn();

  const { notices } = await runIn(folder, [...server.overrides, 'workflow.steps=["1"]'], { input: false });

  expect(notices).toEqual(['1 given expression is not in its caption and was left out: "small cat" (line 1)']);
  expect(annotations(results)[0]).toMatchObject({
    image_id: 5,
    expressions: [
      { text: 'red car', expression_id: 'expr_00000', char_span: [12, 19], grounding: 'found' },
      { text: 'tree', expression_id: 'expr_00001', char_span: [27, 31], grounding: 'found' },
    ],
  });
  expect(readJson(results, 'run.json')).toMatchObject({ dropped: { expression_not_in_caption: 1 } });
  expect(server.calls.map(({ step }) => step)).toEqual(['step_1']);
  expect(readFileSync(join(results, 'step_0_expression_extraction/annotations.jsonl'), 'utf8')).toBe(before);
});

test("3.7 TAO's results are not written over by a run of both steps, unless it is forced", async () => {
  const folder = tempFolder();
  const results = join(folder, 'results');
  writeSamples(folder, 1);
  writeTaoStepFile(results, 'img/0.png');
  const server = await standIn();

  await expect(runIn(folder, server.overrides)).rejects.toThrow(/was not written by a run of this folder/);
  expect(server.calls).toHaveLength(0);
  await runIn(folder, [...server.overrides, 'workflow.force_reprocess=true']);
  expect(annotations(results)).toHaveLength(1);
});

test('3.7 a step file edited by hand is grounded as it is, and not written over', async () => {
  const folder = tempFolder();
  writeInput(
    folder,
    [
      { image_path: 'a.png', caption: 'a red car near a tall tree' },
      '{"image_path":"no.png","caption":"a car","weight":1.0}',
      '{"image_path":"no.png","caption":"a car","weight":1.0}',
    ],
    ['a.png'],
  );
  const server = await standIn();
  const { results } = await runIn(folder, server.overrides);
  const stepFile = join(results, 'step_0_expression_extraction/annotations.jsonl');
  const [record] = readLines<Annotated>(stepFile);
  writeFileSync(stepFile, `${JSON.stringify({ ...record, expressions: record?.expressions.slice(1) })}\n`);

  await expect(runIn(folder, server.overrides)).rejects.toThrow(/was changed since the run that wrote it/);
  const { run } = await runIn(folder, [...server.overrides, 'workflow.steps=["1"]'], { input: false });

  expect(annotations(results)[0]?.expressions).toMatchObject([{ text: 'tall tree', expression_id: record?.expressions[1]?.expression_id }]);
  const failed = { image_path: 'no.png', _groundline: { step: 'step_0' } };
  expect(failures(results)).toMatchObject([failed, failed]);
  expect(readFileSync(join(results, 'failed.jsonl'), 'utf8')).toContain('"weight":1.0');
  expect(run.counts).toMatchObject({ lines: 3, done: 1, failed: 2 });
});

test('3.7 output order is input order, with a line for each', async () => {
  const folder = tempFolder();
  writeSamples(folder, 30);
  const server = await standIn({ script: ({ caption }) => (/ 1\d$/.test(caption) ? { status: 400 } : undefined) });

  const { results } = await runIn(folder, server.overrides);

  const numbers = (path: string) =>
    readLines<{ image_path: string }>(results, path).map(({ image_path }) => Number(/\d+/.exec(image_path)?.[0]));
  const [done, failed] = [numbers('annotations.jsonl'), numbers('failed.jsonl')];
  expect([...done, ...failed].sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index));
  expect(done).toEqual([...done].sort((a, b) => a - b));
  expect(failed).toEqual([...failed].sort((a, b) => a - b));
});

test('8.1 "1920 × 1080 where the line gives none": here the size is the image’s own, turned by EXIF', async () => {
  const { record } = await one('a red car');
  expect(record).toMatchObject({ width: 64, height: 48 });

  const folder = tempFolder();
  const portrait = sharp({ create: { width: 48, height: 64, channels: 3, background: 'teal' } });
  await portrait.withMetadata({ orientation: 6 }).jpeg().toFile(join(folder, 'turned.jpg'));
  writeInput(folder, [{ image_path: 'turned.jpg', caption: 'a red car', width: 100, height: 50 }], []);
  const server = await standIn();
  const { results } = await runIn(folder, server.overrides);

  const [{ width, height, orientation } = { width: 0, height: 0 }] = annotations(results);
  expect({ landscape: width > height, orientation }).toEqual({ landscape: true, orientation: 6 });
  expect(readJson(results, 'run.json')).toMatchObject({ other_size: 1 });
});

test('8.1 "no conversion of any kind": here thousandths become pixels', async () => {
  const { record } = await one(
    'a red car',
    step1(([phrase]) => reply([{ bbox_2d: [500, 250, 1000, 750], label: 'red car', id: phrase?.id }])),
  );

  expect(record.expressions[0]?.instances[0]?.bbox).toEqual([32, 12, 64, 36]);
});

test('8.2 "no swap, degenerate or outside filter": here boxes are ordered, inside, with area, and unique', async () => {
  const boxes = [
    [750, 750, 250, 250],
    [250, 250, 750, 751],
    [2000, 2000, 2100, 2100],
    [100, 100, 100, 400],
  ];
  const { record, run, results } = await one(
    'a red car',
    step1(([phrase]) => reply(boxes.map((bbox_2d) => ({ bbox_2d, label: 'red car', id: phrase?.id })))),
  );

  expect(record.expressions[0]?.instances.map(({ bbox }) => bbox)).toEqual([[16, 12, 48, 36]]);
  expect(readJson(results, 'run.json')).toMatchObject({ dropped: { box_outside: 1, box_without_area: 1, box_repeated: 1 } });
  expect(run.counts.done).toBe(1);
});

test('8.2 "missing score = 0.9": here a score that nobody gave is null', async () => {
  const { record } = await one('a red car');

  expect(record.expressions[0]?.instances[0]?.score).toBeNull();
});

test('8.3 "char_span never verified": here the span cuts the text out, in code points, also for repeats', async () => {
  const { record } = await one('🐕🐕 a red car 👨‍👩‍👧 beside a red car');

  for (const { text, char_span } of record.expressions) expect([...record.cleaned_caption].slice(...char_span).join('')).toBe(text);
  expect(record.expressions.map(({ char_span }) => char_span[0])).toEqual([5, 28]);
});

test('8.4 "keyed by the expression text: quotes and case lose boxes, equal texts share them": here each has its own answer', async () => {
  const caption = 'a "red" car and a "red" car';
  const { record } = await one(caption, {
    script: ({ step, phrases }) =>
      step === 'step_0'
        ? reply({ cleaned_caption: caption, expressions: [1, 2].map(() => ({ text: '"red" car', noun_chunk: 'car' })) })
        : reply(phrases.map(({ id }) => ({ bbox_2d: [id * 100, 0, id * 100 + 100, 500], label: 'RED CAR', id }))),
  });

  expect(record.expressions.map(({ text, instances }) => [text, instances.length])).toEqual([
    ['"red" car', 1],
    ['"red" car', 1],
  ]);
  expect(record.expressions[0]?.instances[0]?.bbox).not.toEqual(record.expressions[1]?.instances[0]?.bbox);
});

test('8.5 "one bad element loses the sample": here its neighbours are kept', async () => {
  const caption = 'a red car near a tall tree';
  const { record } = await one(caption, {
    script: ({ step, repeat }) =>
      step === 'step_0' && repeat >= 0
        ? reply({ cleaned_caption: caption, expressions: [{ text: 'red car', noun_chunk: 'car' }, { text: null }, 7] })
        : undefined,
  });

  expect(record.expressions).toMatchObject([{ text: 'red car', grounding: 'found' }]);
});

test('8.5 "not visible" is an answer of its own, never mixed with a failure', async () => {
  const { record } = await one('a red car and a white ghost');

  expect(record.expressions.map(({ text, grounding }) => [text, grounding])).toEqual([
    ['red car', 'found'],
    ['white ghost', 'absent'],
  ]);
  expect(record.status).toBe('ok');
});

test('8.7 "ids restart at 00000 after a resume": here they are the sample’s own, on every run', async () => {
  const folder = tempFolder();
  writeSamples(folder, 6);
  const server = await standIn();
  const complete = await runIn(folder, server.overrides, { results: join(folder, 'complete') });

  await runIn(folder, [...server.overrides, 'workflow.limit=3']);
  const { results } = await runIn(folder, server.overrides);

  expect(readFileSync(join(results, 'annotations.jsonl'), 'utf8')).toBe(readFileSync(join(complete.results, 'annotations.jsonl'), 'utf8'));
  const ids = annotations(results).flatMap(({ expressions }) => expressions.map(({ expression_id }) => expression_id));
  expect(new Set(ids).size).toBe(ids.length);
});

test('8.8 "three attempts on any exception, 401 and 400 too": here what cannot succeed is asked once, and a passing fault until it does', async () => {
  const refused = await one('a red car', { script: () => ({ status: 400, error: 'bad request' }) });
  const failing = await one('a red car', { script: ({ repeat }) => (repeat < 2 ? { status: 500 } : undefined) });
  const folder = tempFolder();
  writeSamples(folder, 5);
  const unauthorized = await standIn({ script: () => ({ status: 401, error: 'Invalid API key' }) });
  const stopped = await runIn(folder, [...unauthorized.overrides, 'workflow.max_workers=1']);

  expect(refused.server.calls).toHaveLength(1);
  expect(failing.run.counts.done).toBe(1);
  expect(unauthorized.calls).toHaveLength(1);
  expect(stopped.stopped?.reason).toMatchObject({ reason: 'unauthorized' });
});

test('8.8 "Retry-After not read": here the server’s own time is waited, and the call succeeds', async () => {
  const started = performance.now();
  const { run, server } = await one('a red car', {
    script: ({ repeat, step }) => (step === 'step_0' && repeat === 0 ? { status: 429, headers: { 'retry-after': '1' } } : undefined),
  });

  expect(run.counts.done).toBe(1);
  expect(server.calls).toHaveLength(3);
  expect(performance.now() - started).toBeGreaterThan(900);
});

test('8.9 "image missing: text-only call, hallucinated boxes kept": here that sample fails and no call is made', async () => {
  const folder = tempFolder();
  writeInput(folder, [{ image_path: 'no.png', caption: 'a red car' }], []);
  const server = await standIn();

  const { results } = await runIn(folder, server.overrides);

  expect(server.calls).toHaveLength(0);
  expect(failures(results)[0]?._groundline).toMatchObject({ code: 'image_not_found' });
});

test('8.10 "no token or cost accounting": here tokens and cost of every step are in run.json', async () => {
  const folder = tempFolder();
  writeSamples(folder, 2);
  const server = await standIn({ models: ['gpt-4.1-mini'] });

  const { results } = await runIn(folder, [...server.overrides, 'vlm.coordinates=qwen3-vl']);

  expect(readJson(results, 'run.json')).toMatchObject({
    cost_usd: (4 * (600 * 0.4 + 60 * 1.6)) / 1e6,
    steps: { step_0: { calls: 2, tokens: { input: 1200, output: 120 } }, step_1: { calls: 2, tokens: { input: 1200, output: 120 } } },
  });
});

test('2.1 "a line that is not JSON is silently dropped, one that is no object crashes the run": here each has its line in failed.jsonl', async () => {
  const folder = tempFolder();
  writeInput(folder, ['{"image_path": "a.png", ', '[1]', { image_path: 'a.png', caption: 'a red car' }], ['a.png']);
  const server = await standIn();

  const { results, run } = await runIn(folder, server.overrides);

  expect(failures(results).map((line) => line._groundline.message)).toEqual([
    expect.stringMatching(/^line 1 is not JSON/),
    'line 2 is not a JSON object but a list',
  ]);
  expect(run.counts).toMatchObject({ lines: 3, done: 1, failed: 2 });
});

test('2.2 "a corrupt checkpoint": here its sample fails, names the file and is not billed again, and its neighbours are kept', async () => {
  const folder = tempFolder();
  writeSamples(folder, 3);
  const server = await standIn();
  const { results } = await runIn(folder, server.overrides);
  const folderOf = join(results, 'step_1_grounding/.ckpt');
  const path = join(folderOf, readdirSync(folderOf)[0] as string);
  writeFileSync(path, '{"fingerprint":"');
  server.calls.length = 0;

  const { run, folder: stopped } = await runIn(folder, server.overrides);

  expect(server.calls).toHaveLength(0);
  expect(readLines(results, 'annotations.jsonl')).toHaveLength(3);
  expect(run.counts).toMatchObject({ done: 2, failed: 1 });
  expect(failures(stopped).map(({ _groundline: { step, code, message } }) => [step, code, message.includes(path)])).toEqual([
    ['step_1', 'checkpoint_unreadable', true],
  ]);
});
