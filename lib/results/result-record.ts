import { z } from 'zod';
import { Grounding } from '#core/annotation-record.ts';
import type { Box } from '#core/box.ts';
import { phraseKey } from '#core/fold-text.ts';
import { headNoun } from '#core/head-noun.ts';
import { fileStem } from '#core/sample-id.ts';

/** One box of an expression; `score` is `null` where none was given. */
export interface ResultInstance {
  readonly box: Box;
  readonly score: number | null;
}

/** An expression as it stands in a result file, ours or another tool's. */
export interface ResultExpression {
  readonly text: string;
  readonly id: string | undefined;
  /** Half-open, in code points of the cleaned caption; only where it really is the text's place. */
  readonly span: readonly [number, number] | undefined;
  /** `undefined` where none was given, a guess that a run made of the phrase included. */
  readonly nounChunk: string | undefined;
  /** `unknown`: another tool's record without a box, which does not say why. */
  readonly grounding: Grounding | 'unknown';
  readonly instances: readonly ResultInstance[];
}

/** One line of a result file, read for exports and evaluation. */
export interface ResultRecord {
  /** 1-based, in its own file. */
  readonly line: number;
  readonly imagePath: string;
  readonly imageId: unknown;
  readonly caption: string;
  /** The caption as given where the record has no cleaned one. */
  readonly cleanedCaption: string;
  /** Of the upright image; other tools leave it out. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
  /** EXIF orientation of the stored file, 1 where the record says nothing. */
  readonly orientation: number;
  readonly status: 'ok' | 'partial' | 'failed';
  readonly expressions: readonly ResultExpression[];
  /** Its expressions were extracted, not given in the input line. */
  readonly extracted: boolean;
  /** Only extraction has run on it. */
  readonly extractedOnly: boolean;
}

const score = z.number().nullish().catch(undefined);
const RecordedInstance = z.object({ bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]), score, bbox_score: score });
const text = z.string().optional().catch(undefined);
const pixels = z.int().positive().optional().catch(undefined);

const RecordedExpression = z.object({
  text: z.string(),
  expression_id: text,
  char_span: z.tuple([z.int().nonnegative(), z.int().nonnegative()]).optional().catch(undefined),
  noun_chunk: text,
  grounding: Grounding.optional().catch(undefined),
  instances: z.array(RecordedInstance).default([]),
});

/** Wider than `AnnotationRecord`: old and foreign files are read too, TAO's `bbox_score` among them. */
const RecordLine = z.object({
  image_path: z.string().min(1),
  image_id: z.unknown().optional(),
  caption: z.string().catch(''),
  cleaned_caption: text,
  width: pixels,
  height: pixels,
  orientation: z.int().min(1).max(8).default(1).catch(1),
  expressions: z.array(RecordedExpression),
  phrases: z.array(z.unknown()).catch([]).default([]),
  pipeline_steps: z.array(z.unknown()).optional().catch(undefined),
  status: z.enum(['ok', 'partial', 'failed']).default('ok').catch('ok'),
});

/** `output.compat: tao` has a record for every input line: one that could not be read has no path, and nothing else of it is asked for either. */
const FailedRecordLine = RecordLine.extend({ image_path: z.string().catch(''), expressions: z.array(RecordedExpression).catch([]) });

const hasFailed = (value: unknown) => (value as { status?: unknown } | null)?.status === 'failed';

/** The record of one parsed line, or what is wrong with it. */
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
    extracted: parsed.data.pipeline_steps?.includes('step0_expression_extraction') ?? true,
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
    grounding: expression.grounding ?? (instances.length > 0 ? 'found' : 'unknown'),
    instances,
  };
}

/** The input's own `phrases` stay in the record: one of nothing but words has no noun, but the one that the run took for it. */
function isGuess({ text, nounChunk }: ResultExpression, bare: ReadonlySet<string>): boolean {
  return bare.size > 0 && nounChunk === headNoun(text) && bare.has(phraseKey(text));
}

/** Other tools' spans are not always the text's place; one that is not is none. */
function placeIn(caption: string, phrase: string, span: readonly [number, number] | undefined): readonly [number, number] | undefined {
  if (span === undefined) return undefined;
  const [start, end] = span;
  return sliceByCodePoints(caption, start, end) === phrase ? span : undefined;
}

const BEYOND_BMP = /[\ud800-\udfff]/;

/** What Python's `text[start:end]` is. */
export function sliceByCodePoints(value: string, start: number, end: number): string {
  return BEYOND_BMP.test(value) ? Array.from(value).slice(start, end).join('') : value.slice(start, end);
}

function isExtractedOnly({ pipeline_steps: steps, expressions }: z.infer<typeof RecordLine>): boolean {
  if (steps === undefined || steps.some((step) => String(step).startsWith('step1'))) return false;
  return expressions.every(({ grounding, instances }) => grounding === undefined && instances.length === 0);
}

function findRecordProblem(value: unknown, error: z.ZodError): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is no JSON object';
  const [issue] = error.issues;
  return issue === undefined ? 'is no record' : `is no record: "${issue.path.join('.')}" ${issue.message.toLowerCase()}`;
}
