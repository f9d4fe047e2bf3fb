import { z } from 'zod';
import { Grounding } from '#core/annotation-record.ts';
import type { Outcome, ReportFailure, ReportPhrase, ReportSample, ScoredBox } from './report-data.ts';

const score = z.number().nullish().catch(undefined);
/** Wider than `Instance`: a report also reads old and foreign files, TAO's `bbox_score` among them. */
const ReportedInstance = z.looseObject({ bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]), score, bbox_score: score });

const ReportedExpression = z.looseObject({
  text: z.string(),
  char_span: z.tuple([z.int(), z.int()]).optional().catch(undefined),
  grounding: Grounding.optional().catch(undefined),
  note: z.string().optional().catch(undefined),
  instances: z.array(ReportedInstance).default([]),
});
type ReportedExpression = z.infer<typeof ReportedExpression>;

const pixels = z.number().positive().optional().catch(undefined);
const ReportedRecord = z.looseObject({
  image_path: z.string(),
  caption: z.string().catch(''),
  image_id: z.unknown().optional(),
  width: pixels,
  height: pixels,
  cleaned_caption: z.string().optional().catch(undefined),
  expressions: z.array(ReportedExpression).default([]),
  pipeline_steps: z.array(z.string()).catch([]),
  status: z.enum(['ok', 'partial', 'failed']).catch('ok'),
});

const ReportedFailure = z.looseObject({
  image_path: z.string().catch(''),
  caption: z.string().catch(''),
  image_id: z.unknown().optional(),
  raw: z.string().optional().catch(undefined),
  _groundline: z.looseObject({
    line: z.int().positive(),
    image_base: z.string().catch(''),
    step: z.string().catch('run'),
    code: z.string().catch('unknown'),
    message: z.string().catch(''),
    attempts: z.number().catch(0),
    reply_head: z.string().optional().catch(undefined),
  }),
});

/** A line of `annotations.jsonl` as the report shows it, or `undefined` where it is no record at all. */
export function reportRecord(value: unknown, line: number): ReportSample | undefined {
  const parsed = ReportedRecord.safeParse(value);
  if (!parsed.success) return undefined;
  const record = parsed.data;
  const grounded = record.pipeline_steps.length === 0 || record.pipeline_steps.some((step) => step.startsWith('step1'));
  return {
    line,
    id: readImageId(record.image_id, record.image_path),
    path: record.image_path,
    status: record.status,
    caption: record.caption,
    ...(record.cleaned_caption === undefined ? {} : { cleaned: record.cleaned_caption }),
    ...(record.width && record.height ? { width: record.width, height: record.height } : {}),
    phrases: record.expressions.map((expression) => reportPhrase(expression, grounded)),
    ...(record.status === 'failed'
      ? { failure: { step: 'run', code: 'failed', message: 'the record says only that it failed', attempts: 0 } }
      : {}),
  };
}

/** A line of `failed.jsonl` as the report shows it, or `undefined` where it lacks its envelope. */
export function reportFailure(value: unknown): ReportSample | undefined {
  const parsed = ReportedFailure.safeParse(value);
  if (!parsed.success) return undefined;
  const { image_path: path, image_id: id, caption, raw, _groundline: envelope } = parsed.data;
  const failure: ReportFailure = {
    step: envelope.step,
    code: envelope.code,
    message: envelope.message,
    attempts: envelope.attempts,
    ...(envelope.reply_head === undefined ? {} : { replyHead: envelope.reply_head }),
  };
  return { line: envelope.line, id: readImageId(id, path), path, status: 'failed', caption: caption || raw || '', phrases: [], failure };
}

function reportPhrase(expression: ReportedExpression, grounded: boolean): ReportPhrase {
  const boxes = expression.instances.map(({ bbox, score, bbox_score }): ScoredBox => [...bbox, score ?? bbox_score ?? null]);
  return {
    text: expression.text,
    span: expression.char_span ?? [0, 0],
    outcome: classifyPhrase(expression, boxes.length, grounded),
    ...(expression.note === undefined ? {} : { note: expression.note }),
    boxes,
  };
}

/** Records of other tools have no `grounding`: what they hold says the rest. */
function classifyPhrase({ grounding }: ReportedExpression, boxes: number, grounded: boolean): Outcome {
  if (grounding !== undefined) return grounding;
  if (boxes > 0) return 'found';
  return grounded ? 'absent' : 'not_grounded';
}

function readImageId(imageId: unknown, path: string): string {
  if (typeof imageId === 'string' || typeof imageId === 'number') return String(imageId);
  return (
    path
      .split('/')
      .at(-1)
      ?.replace(/\.[^.]*$/, '') ?? path
  );
}
