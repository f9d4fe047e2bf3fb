/**
 * Checks the result files of a finished run against the contract in the documentation of results. It shares no code with `lib`:
 * spans are counted in code points and boxes compared with the recorded image size here.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Instance {
  readonly bbox: readonly number[];
  readonly bbox_id: string;
  readonly score?: number | null;
}

interface Expression {
  readonly text: string;
  readonly expression_id: string;
  readonly char_span: readonly [number, number] | null;
  readonly in_caption?: boolean;
  readonly grounding?: string;
  readonly instances: readonly Instance[];
}

interface ResultLine extends Readonly<Record<string, unknown>> {
  readonly cleaned_caption: string;
  readonly width: number;
  readonly height: number;
  readonly status: string;
  readonly problems?: readonly string[];
  readonly expressions: readonly Expression[];
}

interface Problem {
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

interface FailedLine extends Readonly<Record<string, unknown>> {
  readonly _groundline?: Problem;
}

const stepFiles = ['step_0_expression_extraction', 'step_1_grounding'].map((step) => `${step}/annotations.jsonl`);
const recordKeys = ['image_path', 'caption', 'image_id', 'width', 'height', 'cleaned_caption', 'expressions', 'source', 'pipeline_steps'];
/** Keys that a run sets or measures itself; all others pass through. */
const ownKeys = new Set([...recordKeys.slice(2), 'status', 'problems', 'provenance', 'orientation', 'phrases', '_groundline']);

/** The violations of the contract, as one sentence each; none for correct results. */
export function checkResults(inputPath: string, results: string): string[] {
  const missing = ['annotations.jsonl', 'failed.jsonl', 'run.json'].filter((name) => !existsSync(join(results, name)));
  if (missing.length > 0) return missing.map((name) => `${name} is missing`);
  const [step0, step1] = stepFiles.map((name) => (existsSync(join(results, name)) ? readText(results, name) : undefined));
  const annotations = readText(results, 'annotations.jsonl');
  const records = readJsonLines<ResultLine>(annotations);
  const failed = readJsonLines<FailedLine>(readText(results, 'failed.jsonl'));
  const inputs = readInput(inputPath);
  const run = JSON.parse(readText(results, 'run.json')) as { counts?: Record<string, number> };
  return [
    ...['annotations.jsonl', 'failed.jsonl'].flatMap((name) => checkEncoding(name, readText(results, name))),
    ...(annotations === (step1 ?? step0) ? [] : ['annotations.jsonl is not a copy of the file of the last step']),
    ...readJsonLines<ResultLine>(step0 ?? '').flatMap(checkUngrounded),
    ...checkLines(inputs, records, failed),
    ...checkCounts(run.counts ?? {}, inputs.size, records.length, failed.length),
    ...records.flatMap((record) => checkRecord(record, step1 !== undefined)),
    ...checkIds(records),
  ];
}

const readText = (folder: string, name: string) => readFileSync(join(folder, name), 'utf8');
const readJsonLines = <T>(text: string): T[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);

/** The lines that are not empty, by their number. A line that is no JSON object is `undefined`. */
function readInput(path: string): Map<number, Record<string, unknown> | undefined> {
  const lines = readFileSync(path, 'utf8')
    .replace(/^\uFEFF/, '')
    .split('\n');
  return new Map(
    lines.flatMap((line, index) => {
      if (line.trim() === '') return [];
      try {
        const value: unknown = JSON.parse(line);
        return [[index + 1, typeof value === 'object' && value && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined]];
      } catch {
        return [[index + 1, undefined]];
      }
    }),
  );
}

function checkEncoding(name: string, text: string): string[] {
  if (text !== '' && !text.endsWith('\n')) return [`${name} does not end with a line feed`];
  return /[\u0085\u2028\u2029]/.test(text) || !text.isWellFormed() ? [`${name} holds a character that ends a line for some readers`] : [];
}

/** Each line is completed or failed, in input order, with its own fields. */
function checkLines(
  inputs: ReadonlyMap<number, Readonly<Record<string, unknown>> | undefined>,
  records: readonly ResultLine[],
  failed: readonly FailedLine[],
): string[] {
  const problems = failed.map(({ _groundline }) => _groundline);
  const unexplained = problems.filter((problem) => !problem?.code || !problem.message || !inputs.has(problem.line)).length;
  if (unexplained > 0) return [`${unexplained} failed lines have no line number, code or message`];
  const numbers = problems.map((problem) => problem?.line ?? 0);
  const left = [...inputs].filter(([number]) => !numbers.includes(number));
  if (left.length !== records.length) return [`of ${inputs.size} lines ${records.length} are completed and ${failed.length} failed`];
  return [
    ...(numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0)) ? [] : ['failed.jsonl is not in input order']),
    ...left.flatMap(([number, input], index) => checkFields(number, input ?? {}, records[index] as ResultLine)),
  ];
}

function checkFields(number: number, input: Readonly<Record<string, unknown>>, record: ResultLine): string[] {
  const missing = recordKeys.filter((key) => !(key in record));
  const given = Object.keys(input).filter((key) => !ownKeys.has(key));
  const changed = given.filter((key) => JSON.stringify(input[key]) !== JSON.stringify(record[key]));
  return [
    ...missing.map((key) => `the record of line ${number} has no ${key}`),
    ...changed.map((key) => `the record of line ${number} has another ${key} than its line`),
    ...(input.image_id === undefined || input.image_id === record.image_id ? [] : [`line ${number} lost its image_id`]),
  ];
}

function checkCounts(counts: Readonly<Record<string, number>>, lines: number, done: number, failed: number): string[] {
  const expected = { lines, done, failed, pending: 0 };
  return Object.entries(expected).flatMap(([name, count]) =>
    counts[name] === count ? [] : [`run.json counts ${counts[name]} ${name}, the files hold ${count}`],
  );
}

function checkUngrounded({ image_path, expressions }: ResultLine): string[] {
  const isGrounded = expressions.some(({ grounding, instances }) => grounding !== undefined || instances.length > 0);
  return isGrounded ? [`the step 0 record of ${image_path} has boxes or a grounding`] : [];
}

function checkRecord(record: ResultLine, isGrounded: boolean): string[] {
  const isPartial = record.expressions.some(({ grounding }) => grounding === 'dropped' || grounding === 'unanswered');
  const expected = isPartial || record.problems !== undefined ? 'partial' : 'ok';
  return [
    ...(record.status === expected ? [] : [`${record.image_path} has the status ${record.status} instead of ${expected}`]),
    ...record.expressions.flatMap((expression) => checkExpression(expression, record, isGrounded)),
  ].map((violation) => `${record.image_id}: ${violation}`);
}

function checkExpression({ text, char_span: span, ...rest }: Expression, record: ResultLine, isGrounded: boolean): string[] {
  const { in_caption, grounding = '', instances } = rest;
  const cut = span && [...record.cleaned_caption].slice(...span).join('');
  return [
    ...((span ? cut === text : in_caption === false)
      ? []
      : [`char_span ${span} of ${JSON.stringify(text)} cuts out ${JSON.stringify(cut)}`]),
    ...(!isGrounded || ['found', 'absent', 'dropped', 'unanswered'].includes(grounding) ? [] : [`unknown grounding ${grounding}`]),
    ...((grounding === 'found') === instances.length > 0 ? [] : [`${grounding} with ${instances.length} instances`]),
    ...instances.flatMap((instance) => checkInstance(instance, record)),
  ];
}

function checkInstance({ bbox, score }: Instance, { width, height }: ResultLine): string[] {
  const [x1 = -1, y1 = -1, x2 = -1, y2 = -1] = bbox;
  const isInside = 0 <= x1 && x1 < x2 && x2 <= width && 0 <= y1 && y1 < y2 && y2 <= height;
  const isScore = score === null || (typeof score === 'number' && score >= 0 && score <= 1 && Number(score.toFixed(4)) === score);
  return [
    ...(bbox.length === 4 && bbox.every(Number.isInteger) && isInside ? [] : [`box ${bbox} is not inside ${width} × ${height} pixels`]),
    ...(isScore ? [] : [`score ${score} is not within 0 and 1 with four decimals`]),
  ];
}

/** Ids are unique in a run, and those of a record share the sixteen digits of its sample. */
function checkIds(records: readonly ResultLine[]): string[] {
  const ids = records.flatMap(({ expressions }) =>
    expressions.flatMap(({ expression_id, instances }) => [expression_id, ...instances.map(({ bbox_id }) => bbox_id)]),
  );
  const malformed = ids.filter((id) => !/^(?:expr_[0-9a-f]{16}_\d{2,}|box_[0-9a-f]{16}_\d{2,}_\d{2,})$/.test(id));
  const mixed = records.filter(({ expressions }) => {
    const own = expressions.flatMap(({ expression_id, instances }) => [expression_id, ...instances.map(({ bbox_id }) => bbox_id)]);
    return new Set(own.map((id) => id.split('_')[1])).size > 1;
  });
  return [
    ...malformed.map((id) => `the id ${id} has another form`),
    ...(new Set(ids).size === ids.length ? [] : [`${ids.length - new Set(ids).size} ids are used twice`]),
    ...mixed.map(({ image_id }) => `${image_id}: ids of several samples in one record`),
  ];
}
