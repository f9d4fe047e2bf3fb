import { z } from 'zod';
import { Box } from './box.ts';

/** One box of an expression. `score` in [0,1], four decimals; `null` where the model gave none. */
export const Instance = z.object({ bbox: Box, score: z.number().min(0).max(1).nullable(), bbox_id: z.string() });
export type Instance = z.infer<typeof Instance>;

/** `found` · `absent` (explicitly not visible) · `dropped` (only unusable boxes) · `unanswered` (no answer, even after a second request). */
export const Grounding = z.enum(['found', 'absent', 'dropped', 'unanswered']);
export type Grounding = z.infer<typeof Grounding>;

/**
 * A phrase for a visible thing. `char_span` is half-open, in Unicode code points of `cleaned_caption`.
 * `note` is the reason for a missing box.
 */
export const Expression = z.object({
  text: z.string(),
  expression_id: z.string(),
  char_span: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
  noun_chunk: z.string(),
  grounding: Grounding.optional(),
  note: z.string().optional(),
  instances: z.array(Instance),
});
export type Expression = z.infer<typeof Expression>;

export const ScoreSource = z.enum(['model', 'detector', 'none']);
export type ScoreSource = z.infer<typeof ScoreSource>;

const RecordedProvenance = z.object({
  model: z.string(),
  prompt: z.string(),
  profile: z.string().optional(),
  score: ScoreSource.optional(),
});

/** One line of `annotations.jsonl`; other fields of the input keep their values and order. See README, "Results". */
export const AnnotationRecord = z.looseObject({
  image_path: z.string(),
  caption: z.string(),
  image_id: z.unknown(),
  width: z.int().positive(),
  height: z.int().positive(),
  /** EXIF orientation 2–8 of the stored file. Boxes and sizes are upright nevertheless. */
  orientation: z.int().optional(),
  cleaned_caption: z.string(),
  expressions: z.array(Expression),
  source: z.literal('image_grounding'),
  pipeline_steps: z.array(z.string()),
  status: z.enum(['ok', 'partial']),
  provenance: z.object({ step_0: RecordedProvenance.optional(), step_1: RecordedProvenance.optional() }).optional(),
});
export type AnnotationRecord = z.infer<typeof AnnotationRecord>;

/** The envelope that `failed.jsonl` adds to an input line. The line stays an input line: readers remove the envelope. */
export const FailureEnvelope = z.object({
  line: z.int().positive(),
  image_base: z.string(),
  step: z.enum(['input', 'step_0', 'step_1', 'run']),
  code: z.string(),
  message: z.string(),
  attempts: z.int().nonnegative(),
  reply_head: z.string().optional(),
});
export type FailureEnvelope = z.infer<typeof FailureEnvelope>;
