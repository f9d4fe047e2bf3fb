import { expect, test } from 'vitest';
import { Settings } from '#core/settings.ts';
import { failedLine } from '#output/failed-line.ts';
import type { LineResult } from '#output/line-result.ts';
import { createResultCollector } from '#output/result-collector.ts';
import { StepFacts } from '#output/step-line.ts';
import { readTaoRecords } from './tao-reader.ts';

const settings = (more: object = {}) => Settings.parse({ output: { compat: 'tao' }, ...more });

interface Shape {
  readonly line?: object;
  readonly score?: number | null;
  readonly stated?: ('width' | 'height')[];
}

/** One sample with two expressions, of which the first has a box, as both steps leave it. */
function lineResult(name: string, { line = {}, score = 0.9123, stated = [] }: Shape = {}): LineResult {
  const expression = (text: string, index: number, boxes: boolean) => ({
    text,
    expression_id: `expr_0123456789abcdef_0${index}`,
    char_span: [index * 4, index * 4 + text.length],
    noun_chunk: text,
    ...(boxes && { grounding: 'found' }),
    instances: boxes && index === 0 ? [{ bbox: [1, 2, 3, 4], score, bbox_id: 'box_0123456789abcdef_00_00' }] : [],
  });
  const record = (boxes: boolean) => ({
    image_path: `img/${name}.jpg`,
    caption: 'car 🐕',
    ...line,
    image_id: name,
    width: 640,
    height: 480,
    orientation: 6,
    cleaned_caption: 'car 🐕',
    expressions: [expression('car', 0, boxes), expression('🐕', 1, boxes)],
    source: 'image_grounding',
    pipeline_steps: ['step0_expression_extraction', ...(boxes ? ['step1_grounding'] : [])],
    status: 'ok',
    provenance: { step_0: { model: 'm', prompt: 'p' } },
  });
  const facts = StepFacts.parse({ n: 1, id: name, status: 'done', cached: false, stated });
  return { step_0: { facts, text: JSON.stringify(record(false)) }, step_1: { facts, text: JSON.stringify(record(true)) } };
}

function failed(step: 'step_0' | 'step_1'): LineResult {
  const facts = StepFacts.parse({ n: 2, id: 'bad', status: 'failed', code: 'model_error', cached: false });
  const fields = { image_path: 'img/bad.jpg', caption: 'a car', k: 1 };
  const text = failedLine({ fields, line: 2 }, { step, code: 'model_error', message: 'm', attempts: 1 }, '/data');
  const line = { facts, text };
  return step === 'step_0' ? { step_0: line } : { step_0: lineResult('bad').step_0, step_1: line };
}

const rejected: LineResult = {
  failure: {
    code: 'invalid_line',
    text: failedLine({ fields: { raw: '{oops' }, line: 3 }, { step: 'input', code: 'invalid_line', message: 'm', attempts: 0 }, '/d'),
  },
};

function write(lines: readonly LineResult[], more: object = {}) {
  const collector = createResultCollector(settings(more));
  const outputs = lines.map((line) => collector.add(line));
  const file = (name: 'step_0' | 'step_1') => outputs.map((output) => (output[name] === undefined ? '' : `${output[name]}\n`)).join('');
  return { step_0: file('step_0'), step_1: file('step_1'), failed: outputs.flatMap(({ failed: line }) => line ?? []) };
}

test('records have TAO’s keys in TAO’s order, and nothing that TAO does not write', () => {
  const { step_1 } = write([lineResult('a', { line: { extra: { k: 1 } } })]);

  expect(step_1).toBe(
    '{"image_path": "img/a.jpg", "caption": "car 🐕", "extra": {"k": 1}, "image_id": "a", "cleaned_caption": "car 🐕", "expressions": [' +
      '{"text": "car", "instances": [{"bbox": [1, 2, 3, 4], "bbox_score": 0.9123, "bbox_id": "box_00000"}], "expression_id": "expr_00000", "char_span": [0, 3], "noun_chunk": "car"}, ' +
      '{"text": "🐕", "instances": [], "expression_id": "expr_00001", "char_span": [4, 6], "noun_chunk": "🐕"}], ' +
      '"source": "image_grounding", "pipeline_steps": ["step0_expression_extraction", "step1_grounding"]}\n',
  );
});

test('ids are counted in input order, equal in both step files', () => {
  const { step_0, step_1 } = write([lineResult('a'), lineResult('b')]);

  const ids = (text: string) => readTaoRecords(text).flatMap(({ expressions }) => expressions.map(({ expression_id }) => expression_id));
  expect(ids(step_0)).toEqual(['expr_00000', 'expr_00001', 'expr_00002', 'expr_00003']);
  expect(ids(step_1)).toEqual(ids(step_0));
  expect(readTaoRecords(step_1).map(({ expressions }) => expressions[0]?.instances[0]?.bbox_id)).toEqual(['box_00000', 'box_00001']);
});

test('a missing score is 0.9, and an integer score is written as Python writes a float', () => {
  expect(write([lineResult('a', { score: null })]).step_1).toContain('"bbox_score": 0.9,');
  expect(write([lineResult('a', { score: 1 })]).step_1).toContain('"bbox_score": 1.0,');
});

test('every input line has a line, failed ones without expressions and with a status', () => {
  const { step_0, step_1, failed: failures } = write([lineResult('a'), failed('step_0'), failed('step_1'), rejected]);

  for (const text of [step_0, step_1]) expect(readTaoRecords(text)).toHaveLength(4);
  expect(readTaoRecords(step_1).map(({ status, expressions }) => [status, expressions.length])).toEqual([
    [undefined, 2],
    ['failed', 0],
    ['failed', 0],
    ['failed', 0],
  ]);
  expect(readTaoRecords(step_1)[1]).toMatchObject({ image_path: 'img/bad.jpg', image_id: 'bad', k: 1, cleaned_caption: 'a car' });
  expect(failures).toHaveLength(3);
});

test('relative paths are joined with the image root, others stay', () => {
  const read = (path: string) =>
    readTaoRecords(write([lineResult('a', { line: { image_path: path } })], { data: { image_root: 'data/root' } }).step_1)[0]?.image_path;

  expect(read('img/a.jpg')).toBe('data/root/img/a.jpg');
  expect(read('/abs/a.jpg')).toBe('/abs/a.jpg');
  expect(read('s3://bucket/a.jpg')).toBe('s3://bucket/a.jpg');
});

test('the size stands there only where the line states one', () => {
  const line = { width: 1, height: 1 };

  expect(write([lineResult('a', { line, stated: ['width', 'height'] })]).step_1).toContain('"width": 640, "height": 480');
  expect(write([lineResult('a')]).step_1).not.toContain('width');
});

test('step 1 alone keeps the ids that the step file has', () => {
  const { step_1 } = lineResult('a');
  const collector = createResultCollector(settings({ workflow: { steps: ['1'] } }));

  expect(collector.add({ step_1 }).step_1).toContain('"expression_id": "expr_0123456789abcdef_00"');
});

test('an interrupted collector resumes its counts', () => {
  const unbroken = createResultCollector(settings());
  const first = createResultCollector(settings());
  const lines = [lineResult('a'), failed('step_1'), lineResult('b')];
  const expected = lines.map((line) => unbroken.add(line));

  const before = lines.slice(0, 2).map((line) => first.add(line));
  const second = createResultCollector(settings(), JSON.parse(JSON.stringify(first.state)));

  expect([...before, ...lines.slice(2).map((line) => second.add(line))]).toEqual(expected);
  expect(second.state).toEqual(unbroken.state);
});
