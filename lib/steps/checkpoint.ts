import { z } from 'zod';
import { Grounding } from '#core/annotation-record.ts';
import { Box } from '#core/box.ts';
import type { FailureCode } from '#core/errors.ts';
import { ImageFacts } from '#core/image-facts.ts';
import { parseJson } from '#core/json.ts';
import { StoredUsage, type Usage } from '#core/usage.ts';
import type { Extraction } from './extract/extract.ts';
import type { GroundingOutput } from './ground/ground.ts';
import type { DroppedCounts } from './question.ts';

/** What a checkpoint keeps of a step: what came out of it, what it took, and the image it was about. Never the reply itself, but its head where the step failed. */
export interface Checkpoint<Output> {
  readonly image: ImageFacts;
  /** Tokens of all calls so far, failed ones too. */
  readonly usage: Usage;
  /** All of it, or as much as was paid for when the step failed or was cut off. */
  readonly output?: Output | undefined;
  readonly dropped?: DroppedCounts | undefined;
  /** There are questions that were not asked yet. */
  readonly begun?: boolean | undefined;
  readonly failed?: KeptFailure | undefined;
}

/** `run` = in which run: equal lines of it share the failure, later runs try again. */
interface KeptFailure extends StepFailure {
  readonly run?: string | undefined;
}

export interface StepFailure {
  readonly code: FailureCode;
  readonly message: string;
  /** In how many runs it was tried. */
  readonly attempts: number;
  readonly replyHead?: string;
}

const count = z.int().nonnegative();
const counts = z.record(z.string(), count);
const failed = z.object({
  code: z.custom<FailureCode>(),
  message: z.string(),
  attempts: count,
  replyHead: z.string().optional(),
  run: z.string().optional(),
});

const extraction = z.object({
  cleanedCaption: z.string(),
  expressions: z.array(z.object({ text: z.string(), charSpan: z.tuple([count, count]), nounChunk: z.string() })),
});
const grounding = z.object({
  expressions: z.array(
    z.object({
      grounding: Grounding,
      note: z.string().optional(),
      instances: z.array(z.object({ bbox: Box, score: z.number().min(0).max(1).nullable() })),
    }),
  ),
});

const checkpointSchema = <T extends z.ZodType>(output: T) =>
  z.object({
    image: ImageFacts,
    usage: StoredUsage,
    output: output.optional(),
    dropped: counts.optional(),
    begun: z.boolean().optional(),
    failed: failed.optional(),
  });
const schemas = { step_0: checkpointSchema(extraction), step_1: checkpointSchema(grounding) };

/** Reads a checkpoint's body; `undefined` for one that no version has written. */
export function readCheckpoint(step: 'step_0', body: string): Checkpoint<Extraction> | undefined;
export function readCheckpoint(step: 'step_1', body: string): Checkpoint<GroundingOutput> | undefined;
export function readCheckpoint(step: keyof typeof schemas, body: string): unknown {
  return schemas[step].safeParse(parseJson(body)).data;
}
