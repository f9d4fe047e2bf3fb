import { z } from 'zod';
import type { FailureCode } from '#core/errors.ts';
import { ImageFacts } from '#core/image-facts.ts';
import { parseJson } from '#core/json.ts';
import { StoredUsage, type Usage } from '#core/usage.ts';
import type { DroppedCounts } from './question.ts';

/** Stored state of one step of one sample. It holds no reply, except the head of one that failed the step. */
export interface Checkpoint<Output> {
  readonly image: ImageFacts;
  /** Tokens of all calls so far, failed ones included. */
  readonly usage: Usage;
  /** The output, or the part of it that existed when the step failed or was interrupted. */
  readonly output?: Output | undefined;
  readonly dropped?: DroppedCounts | undefined;
  /** More calls are needed to complete the output. */
  readonly begun?: boolean | undefined;
  readonly failed?: StoredFailure | undefined;
}

/** `run`: id of the run that failed. Equal lines of that run share the failure; later runs try again. */
interface StoredFailure extends StepFailure {
  readonly run?: string | undefined;
}

export interface StepFailure {
  readonly code: FailureCode;
  readonly message: string;
  /** Number of runs that tried. */
  readonly attempts: number;
  /** The first bytes of the unusable reply, if there was one. */
  readonly replyHead?: string | undefined;
}

/** Reads the body of a checkpoint. Returns `undefined` for text that no version has written. */
export type CheckpointReader<Output> = (body: string) => Checkpoint<Output> | undefined;

const count = z.int().nonnegative();
const failed = z.object({
  code: z.custom<FailureCode>(),
  message: z.string(),
  attempts: count,
  replyHead: z.string().optional(),
  run: z.string().optional(),
});

/** Creates the reader of a step from the schema of its output. */
export function createCheckpointReader<Output>(output: z.ZodType<Output>): CheckpointReader<Output> {
  const schema = z.object({
    image: ImageFacts,
    usage: StoredUsage,
    output: output.optional(),
    dropped: z.record(z.string(), count).optional(),
    begun: z.boolean().optional(),
    failed: failed.optional(),
  });
  return (body) => schema.safeParse(parseJson(body)).data as Checkpoint<Output> | undefined;
}
