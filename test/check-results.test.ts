import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkResults } from './check-results.ts';
import { tempFolder } from './storage/temp-folder.ts';

const caption = '🚗 a red car near a tree';
const input = [
  { image_path: 'a.png', caption, k: { deep: 1 } },
  { image_path: 'b.png', caption },
  { image_path: 'c.png', caption: 7 },
];

const instance = { bbox: [0, 0, 64, 48], score: 0.5, bbox_id: 'box_0123456789abcdef_00_00' };
const expression = {
  text: 'red car',
  expression_id: 'expr_0123456789abcdef_00',
  char_span: [4, 11],
  noun_chunk: 'car',
  grounding: 'found',
  instances: [instance],
};
const record = {
  ...input[0],
  image_id: 'a',
  width: 64,
  height: 48,
  cleaned_caption: caption,
  expressions: [expression],
  source: 'image_grounding',
  pipeline_steps: ['step0_expression_extraction', 'step1_grounding'],
  status: 'ok',
};
const second = { ...record, image_path: 'b.png', image_id: 'b', expressions: [], k: undefined };
const problem = { line: 3, code: 'invalid_line', message: 'line 3 has a "caption" that is 7, not text' };
const failed = { ...input[2], _groundline: problem };

interface Changes {
  readonly records?: readonly object[];
  readonly failed?: readonly object[];
  readonly step0?: readonly object[];
  readonly step1?: readonly object[];
  readonly counts?: object;
}

const linesOf = (values: readonly object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');
const withExpression = (change: object) => ({ records: [{ ...record, expressions: [{ ...expression, ...change }] }, second] });
const withInstance = (change: object) => withExpression({ instances: [{ ...instance, ...change }] });

function violationsOf({ records = [record, second], failed: failures = [failed], step0, step1 = records, counts = {} }: Changes): string[] {
  const folder = tempFolder();
  const results = join(folder, 'results');
  const ungrounded = records.map((each) => ({ ...each, expressions: [] }));
  for (const step of ['step_0_expression_extraction', 'step_1_grounding']) mkdirSync(join(results, step), { recursive: true });
  writeFileSync(join(folder, 'captions.jsonl'), linesOf(input));
  writeFileSync(join(results, 'annotations.jsonl'), linesOf(records));
  writeFileSync(join(results, 'failed.jsonl'), linesOf(failures));
  writeFileSync(join(results, 'step_0_expression_extraction/annotations.jsonl'), linesOf(step0 ?? ungrounded));
  writeFileSync(join(results, 'step_1_grounding/annotations.jsonl'), linesOf(step1));
  writeFileSync(join(results, 'run.json'), JSON.stringify({ counts: { lines: 3, done: 2, failed: 1, pending: 0, ...counts } }));
  return checkResults(join(folder, 'captions.jsonl'), results);
}

test('the checker of results accepts correct results', () => {
  expect(violationsOf({})).toEqual([]);
});

test.each<[string, Changes, RegExp]>([
  ['a lost line', { records: [record] }, /of 3 lines 1 are completed and 1 failed/],
  ['another order', { records: [second, record] }, /another image_path/],
  ['a lost field', { records: [{ ...record, k: undefined }, second] }, /another k/],
  ['a record without a size', { records: [{ ...record, width: undefined }, second] }, /no width/],
  ['a failed line without a reason', { failed: [{ ...failed, _groundline: { line: 3 } }] }, /no line number, code or message/],
  ['a span in UTF-16 units', withExpression({ char_span: [5, 12] }), /cuts out "ed car "/],
  ['a missing span of a phrase in the caption', withExpression({ char_span: null }), /cuts out null/],
  ['an unknown grounding', withExpression({ grounding: 'lost' }), /unknown grounding lost/],
  ['"absent" with a box', withExpression({ grounding: 'absent' }), /absent with 1 instances/],
  ['"found" without a box', withExpression({ instances: [] }), /found with 0 instances/],
  ['an unanswered phrase in a complete record', withExpression({ grounding: 'unanswered', instances: [] }), /ok instead of partial/],
  ['a box outside the image', withInstance({ bbox: [0, 0, 65, 48] }), /not inside 64 × 48/],
  ['a box in fractions of pixels', withInstance({ bbox: [0, 0, 10.5, 48] }), /not inside/],
  ['a box without an area', withInstance({ bbox: [9, 0, 9, 48] }), /not inside/],
  ['a score above one', withInstance({ score: 1.5 }), /score 1.5/],
  ['a score with five decimals', withInstance({ score: 0.12345 }), /score 0.12345/],
  ['a missing score', withInstance({ score: undefined }), /score undefined/],
  ['an id used twice', { records: [record, { ...second, expressions: [expression] }] }, /2 ids are used twice/],
  ['an id of another form', withExpression({ expression_id: 'expr_1' }), /id expr_1 has another form/],
  ['ids of two samples', withInstance({ bbox_id: 'box_ffffffffffffffff_00_00' }), /several samples/],
  ['a copy that differs from its step file', { step1: [second, record] }, /not a copy/],
  ['boxes in step 0', { step0: [record, second] }, /step 0 record of a.png/],
  ['a wrong count', { counts: { pending: 1 } }, /counts 1 pending, the files hold 0/],
  ['a separator that some readers split lines at', { records: [{ ...record, source: '\u2028' }, second] }, /ends a line/],
])('the checker of results reports %s', (_, changes, violation) => {
  expect(violationsOf(changes).join('\n')).toMatch(violation);
});

test('the checker of results reports missing files', () => {
  const folder = tempFolder();
  writeFileSync(join(folder, 'captions.jsonl'), linesOf(input));

  expect(checkResults(join(folder, 'captions.jsonl'), folder)).toEqual(
    ['annotations.jsonl', 'failed.jsonl', 'run.json'].map((name) => `${name} is missing`),
  );
});
