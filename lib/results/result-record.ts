import { z } from 'zod';
import { AnnotationRecord, Expression, type Grounding, Instance } from '#core/annotation-record.ts';
import type { Box, Size } from '#core/box.ts';
import { fileStem } from '#core/sample-id.ts';
import { stepNames } from '#core/step-names.ts';
import { phraseKey } from '#core/text/fold-text.ts';
import { headNoun } from '#core/text/head-noun.ts';

/** One box of an expression; `score` is `null` where the record has none. */
export interface ResultInstance {
  readonly box: Box;
  readonly score: number | null;
}

/** An expression of a result file of this tool or another one. */
export interface ResultExpression {
  readonly text: string;
  readonly id: string | undefined;
  /** Half-open, in code points of the cleaned caption; only where the caption holds the text at that place. */
  readonly span: readonly [number, number] | undefined;
  /** `undefined` where the input gave none: a guess that a run made of the phrase does not count. */
  readonly nounChunk: string | undefined;
  /** `found` exactly where there are boxes; `unanswered` also where a record without a box states no reason. */
  readonly grounding: Grounding;
  /** Why the expression has no box, in words. */
  readonly note: string | undefined;
  readonly instances: readonly ResultInstance[];
}

/** One line of a result file, the same for report, evaluation, exports and pilot. */
export interface ResultRecord {
  /** 1-based, in its own file. */
  readonly line: number;
  readonly imagePath: string;
  readonly imageId: unknown;
  readonly caption: string;
  /** The caption as given where the record has no cleaned one. */
  readonly cleanedCaption: string;
  /** Of the upright image; other tools leave it out. */
  readonly size: Size | undefined;
  /** EXIF orientation of the stored file, 1 by default. */
  readonly orientation: number;
  readonly status: 'ok' | 'partial' | 'failed';
  readonly expressions: readonly ResultExpression[];
  /** Its expressions were extracted, not given in the input line. */
  readonly extracted: boolean;
  /** Only extraction has run on it. */
  readonly extractedOnly: boolean;
}

const orUndefined = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);
const score = z.number().nullish().catch(undefined);

const RecordedExpression = z.object({
  text: Expression.shape.text,
  expression_id: orUndefined(Expression.shape.expression_id),
  char_span: orUndefined(Expression.shape.char_span),
  noun_chunk: orUndefined(Expression.shape.noun_chunk),
  grounding: orUndefined(Expression.shape.grounding),
  note: orUndefined(Expression.shape.note),
  instances: z.array(z.object({ bbox: Instance.shape.bbox, score, bbox_score: score })).default([]),
});

const { shape } = AnnotationRecord;

/** `AnnotationRecord` as older versions and other tools write it, TAO's `bbox_score` included. */
const RecordLine = z.object({
  image_path: shape.image_path.min(1),
  image_id: shape.image_id.optional(),
  caption: shape.caption.catch(''),
  cleaned_caption: orUndefined(shape.cleaned_caption),
  width: orUndefined(shape.width),
  height: orUndefined(shape.height),
  orientation: z.int().min(1).max(8).default(1).catch(1),
  expressions: z.array(RecordedExpression),
  phrases: z.array(z.unknown()).catch([]).default([]),
  pipeline_steps: z.array(z.unknown()).optional().catch(undefined),
  status: z
    .enum([...shape.status.options, 'failed'])
    .default('ok')
    .catch('ok'),
});

/** `output.compat: tao` writes a record for every input line: one of an unreadable line has no path and no expressions. */
const FailedRecordLine = RecordLine.extend({ image_path: z.string().catch(''), expressions: z.array(RecordedExpression).catch([]) });

const hasFailed = (value: unknown) => (value as { status?: unknown } | null)?.status === 'failed';

/**
 * The record of one parsed line, or the problem of the line as the end of a sentence.
 * @example resultRecord({ image_path: 'a.jpg', caption: 'a cat', expressions: [{ text: 'a cat', instances: [] }] }, 1)
 * // { line: 1, imagePath: 'a.jpg', …, expressions: [{ text: 'a cat', grounding: 'unanswered', instances: [], … }] }
 */
export function resultRecord(value: unknown, line: number): ResultRecord | string {
  const parsed = (hasFailed(value) ? FailedRecordLine : RecordLine).safeParse(value);
  if (!parsed.success) return findRecordProblem(value, parsed.error);
  const { image_path: imagePath, image_id: imageId, caption, cleaned_caption, width, height, orientation, status } = parsed.data;
  const cleanedCaption = cleaned_caption ?? caption;
  const bare = new Set(parsed.data.phrases.filter((phrase) => typeof phrase === 'string').map(phraseKey));
  const expressions = parsed.data.expressions.map((expression) => resultExpression(expression, cleanedCaption));
  return {
    line,
    imagePath,
    imageId: imageId ?? fileStem(imagePath),
    caption,
    cleanedCaption,
    size: width && height ? { width, height } : undefined,
    orientation,
    status,
    expressions: expressions.map((expression) => (isGuess(expression, bare) ? { ...expression, nounChunk: undefined } : expression)),
    extracted: parsed.data.pipeline_steps?.includes(stepNames.step_0.pipelineStep) ?? true,
    extractedOnly: isExtractedOnly(parsed.data),
  };
}

function resultExpression(expression: z.infer<typeof RecordedExpression>, caption: string): ResultExpression {
  const instances = expression.instances.map(({ bbox, score, bbox_score }) => ({ box: bbox, score: score ?? bbox_score ?? null }));
  return {
    text: expression.text,
    id: expression.expression_id,
    span: placeIn(caption, expression.text, expression.char_span),
    nounChunk: expression.noun_chunk,
    grounding: classifyGrounding(expression.grounding, instances.length),
    note: expression.note,
    instances,
  };
}

/** Other tools write no `grounding`. Only an explicit "not visible" is `absent`: a missing box alone is no answer. */
function classifyGrounding(recorded: Grounding | undefined, boxes: number): Grounding {
  if (boxes > 0) return 'found';
  return recorded === undefined || recorded === 'found' ? 'unanswered' : recorded;
}

/** The input's `phrases` stay in the record: a plain string has no noun, only the one that the run guessed. */
function isGuess({ text, nounChunk }: ResultExpression, bare: ReadonlySet<string>): boolean {
  return bare.size > 0 && nounChunk === headNoun(text) && bare.has(phraseKey(text));
}

/** Spans of other tools may point elsewhere; such a span is left out. */
function placeIn(caption: string, phrase: string, span: readonly [number, number] | undefined): readonly [number, number] | undefined {
  if (span === undefined) return undefined;
  const [start, end] = span;
  return sliceByCodePoints(caption, start, end) === phrase ? span : undefined;
}

const BEYOND_BMP = /[\ud800-\udfff]/;

/** The slice that Python's `text[start:end]` returns. */
export function sliceByCodePoints(value: string, start: number, end: number): string {
  return BEYOND_BMP.test(value) ? Array.from(value).slice(start, end).join('') : value.slice(start, end);
}

function isExtractedOnly({ pipeline_steps: steps, expressions }: z.infer<typeof RecordLine>): boolean {
  if (steps === undefined || steps.some((step) => String(step).startsWith('step1'))) return false;
  return expressions.every(({ grounding, instances }) => grounding === undefined && instances.length === 0);
}

function findRecordProblem(value: unknown, error: z.ZodError): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is not a JSON object';
  const [issue] = error.issues;
  return issue === undefined ? 'is not a record' : `is not a record: "${issue.path.join('.')}" ${issue.message.toLowerCase()}`;
}
