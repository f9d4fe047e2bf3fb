import { z } from 'zod';
import { describeUnexpected } from '#core/error-place.ts';
import type { FailureCode } from '#core/errors.ts';
import type { GivenExpression, GivenExpressions, Sample } from '#core/sample.ts';
import { composeLineId, composeSampleId, fileStem, isOwnExpressionId } from '#core/sample-id.ts';
import { stepNames } from '#core/step-names.ts';
import { type ByteLine, readByteLines, unpacked } from './byte-lines.ts';
import { describeType, type Fields, isObject, parseLine } from './parse-line.ts';
import { placeExpressions, type UnplacedExpression } from './place-expressions.ts';
import { createRepeats } from './repeats.ts';

/** A line that cannot become a sample, with what of it goes to `failed.jsonl`: its object, or `{"raw": …}` where it is none. */
export interface RejectedLine {
  readonly line: number;
  /** Where it failed: a line of a step file came through reading and step 0 once, so that step 1 is the first to find fault with it. */
  readonly step: 'input' | 'step_1';
  readonly code: FailureCode;
  readonly message: string;
  readonly fields: Fields;
}

/** One line of an input file that is not blank, with its place in the unpacked file. */
export type InputLine = Pick<ByteLine, 'number' | 'offset' | 'length'> &
  ({ readonly sample: Sample } | { readonly rejected: RejectedLine });

/** `captions`: what a user writes. `step_0`: a file of step 0, where every line that has not failed has its expressions, be they none. */
export type InputKind = 'captions' | 'step_0';

/** Streams the lines of an input file, plain or packed; memory hardly grows with its length. Blank lines are skipped. */
export async function* readSamples(chunks: AsyncIterable<Uint8Array>, kind: InputKind = 'captions'): AsyncGenerator<InputLine> {
  const repeats = createRepeats();
  for await (const line of readByteLines(unpacked(chunks))) {
    if (!isBlank(line)) yield readSample(line, kind, (sampleId) => repeats.next(sampleId));
  }
}

/** Makes a sample of one line; `countRepeat` says how many equal lines came before. An error that nobody expects rejects this line and no other. */
export function readSample(line: ByteLine, kind: InputKind, countRepeat: (sampleId: string) => number): InputLine {
  const { number, offset, length, bytes } = line;
  const reject = (message: string, fields: Fields, code: FailureCode = 'invalid_line'): InputLine => {
    const step = kind === 'captions' ? 'input' : 'step_1';
    return { number, offset, length, rejected: { line: number, step, code, message, fields } };
  };
  try {
    return makeSample(line, kind, countRepeat, reject);
  } catch (error) {
    return reject(`line ${number}: ${describeUnexpected(error)}`, { raw: bytes.toString('utf8') }, 'internal_error');
  }
}

function makeSample(
  line: ByteLine,
  kind: InputKind,
  repeatOf: (sampleId: string) => number,
  reject: (message: string, fields: Fields, code?: FailureCode) => InputLine,
): InputLine {
  const { number, offset, length } = line;
  const parsed = parseLine(line);
  if ('problem' in parsed) return reject(`line ${number} is ${parsed.problem}`, { raw: parsed.raw }, parsed.code);
  const { _groundline: envelope, ...fields } = parsed.fields;
  const own = isObject(envelope) ? fields : parsed.fields;
  const problem = findProblem(own, 'image_path') ?? findProblem(own, 'caption');
  if (problem) return reject(`line ${number} ${'raw' in own ? 'could not be read in an earlier run either' : problem}`, own);
  const missing = kind === 'step_0' ? extractionFailureReason(own) : undefined;
  if (missing) return reject(`line ${number} ${missing}: run step 0 for it (workflow.steps=["0","1"])`, own);
  const given = givenExpressions(own, kind);
  if (typeof given === 'string') return reject(`line ${number}: ${given}`, own);
  const identity = readIdentity(own);
  const asked = givenExpressionsFrom(own, given, kind);
  const sampleId = composeSampleId({ ...identity, ...(asked === undefined ? {} : { given: asked }) });
  const repeat = repeatOf(sampleId);
  const base =
    isObject(envelope) && typeof envelope.image_base === 'string' && envelope.image_base !== '' ? { imageBase: envelope.image_base } : {};
  const sample: Sample = {
    line: number,
    sampleId,
    repeat,
    lineId: composeLineId(sampleId, repeat),
    ...identity,
    ...base,
    fields: own,
    ...(given && { given }),
  };
  return { number, offset, length, sample };
}

/** Whether a line counts as none. */
export function isBlank({ bytes, length }: ByteLine): boolean {
  return length === bytes.length && bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

function readIdentity(fields: Fields): Pick<Sample, 'imagePath' | 'caption' | 'imageId'> {
  const imagePath = fields.image_path as string;
  return {
    imagePath,
    caption: fields.caption as string,
    imageId: Object.hasOwn(fields, 'image_id') ? fields.image_id : fileStem(imagePath),
  };
}

function findProblem(fields: Fields, name: 'image_path' | 'caption'): string | undefined {
  if (!Object.hasOwn(fields, name)) return `has no "${name}"`;
  const value = fields[name];
  if (typeof value !== 'string') return `has a "${name}" that is ${describeType(value)}, not text`;
  return value.trim() === '' ? `has an empty "${name}"` : undefined;
}

/** What tells the line from its bare caption. It must be the same for captions and for the step file that comes of them, or step 1 alone pays again. */
function givenExpressionsFrom(fields: Fields, given: GivenExpressions | undefined, kind: InputKind): GivenExpressions | undefined {
  // A step file tells lines that brought their own expressions by the step that is missing.
  if (extracted(fields)) return kind === 'captions' ? given : undefined;
  return given && { ...given, expressions: given.expressions.map(withoutOwnId) };
}

/** Our ids are made of the sample's: they cannot be part of it. */
function withoutOwnId(expression: GivenExpression): GivenExpression {
  const { expression_id: id, ...rest } = expression;
  return id !== undefined && isOwnExpressionId(id) ? rest : expression;
}

const extracted = ({ pipeline_steps: steps }: Fields) => Array.isArray(steps) && steps.includes(stepNames.step_0.pipelineStep);

/** An empty list says that step 0 found nothing; no list, or one of a line that failed, says that nobody has looked. */
function extractionFailureReason({ expressions, phrases, status }: Fields): string | undefined {
  const list = expressions ?? phrases;
  const isEmpty = Array.isArray(list) && list.length === 0;
  if (status === 'failed' && (isEmpty || list == null)) return 'failed in step 0, so it has no expressions';
  return list == null || (isEmpty && list === phrases) ? 'has no expressions' : undefined;
}

const Span = z.tuple([z.int(), z.int()]);
const GivenObject = z.looseObject({
  text: z.string().regex(/\S/),
  char_span: Span.optional().catch(undefined),
  noun_chunk: z.string().optional().catch(undefined),
  expression_id: z.string().min(1).optional().catch(undefined),
});

/** The line's own expressions, why they cannot be used, or `undefined` where it has none. */
function givenExpressions(fields: Fields, kind: InputKind): GivenExpressions | string | undefined {
  const name = fields.expressions === undefined || fields.expressions === null ? 'phrases' : 'expressions';
  const list = fields[name] ?? [];
  if (!Array.isArray(list)) return `"${name}" is ${describeType(list)}, not a list`;
  if (list.length === 0 && kind === 'captions') return undefined;
  const read: UnplacedExpression[] = [];
  for (const [index, item] of list.entries()) {
    const one = GivenObject.safeParse(typeof item === 'string' ? { text: item } : item).data;
    if (!one) return `"${name}"[${index}] has no text`;
    const { text, char_span: span, noun_chunk: nounChunk, expression_id: expressionId } = one;
    read.push({ text, ...(span && { span }), ...(nounChunk && { nounChunk }), ...(expressionId && { expressionId }) });
  }
  const { cleaned_caption: cleaned, caption } = fields;
  const cleanedCaption = typeof cleaned === 'string' && cleaned !== '' ? cleaned : (caption as string);
  const placed = placeExpressions(cleanedCaption, read);
  if (placed.expressions.length === 0 && read.length > 0)
    return `none of its ${name} stands in the caption, the first being "${read[0]?.text}"`;
  return { cleanedCaption, unplaced: placed.unplaced, ...withUniqueIds(placed.expressions) };
}

/** Boxes are looked up by the id of their expression: it stays with the first that has it, and later ones get their own. */
function withUniqueIds(given: readonly GivenExpression[]): Pick<GivenExpressions, 'expressions' | 'repeatedIds'> {
  const seen = new Set<string>();
  const repeatedIds: string[] = [];
  const expressions = given.map((expression) => {
    const { expression_id: id, ...rest } = expression;
    if (id === undefined || !seen.has(id)) {
      if (id !== undefined) seen.add(id);
      return expression;
    }
    repeatedIds.push(id);
    return rest;
  });
  return { expressions, ...(repeatedIds.length > 0 && { repeatedIds }) };
}
