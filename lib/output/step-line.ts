import { z } from 'zod';
import { ImageFacts } from '#core/image-facts.ts';
import { StoredUsage } from '#core/usage.ts';

const count = z.int().nonnegative();

/** The result of one step for one sample, without the record: the source of all counts and costs. */
export const StepFacts = z.object({
  /** Line number and line id in the input file. */
  n: z.int().positive(),
  id: z.string(),
  status: z.enum(['done', 'partial', 'failed']),
  code: z.string().optional(),
  /** Completed without a new call. */
  cached: z.boolean(),
  /** Tokens of its calls; for a cached step those of its original calls, once for equal lines. */
  usage: StoredUsage.optional(),
  expressions: count.default(0),
  boxes: count.default(0),
  groundings: z.record(z.string(), count).default({}),
  /** What was left out, by reason. */
  dropped: z.record(z.string(), count).default({}),
  /** The line states another size than that of the image. */
  otherSize: z.boolean().optional(),
  /** The sides that the line states, right or wrong. */
  stated: z.array(z.enum(['width', 'height'])).optional(),
  /** Of an image that was read and measured, also for a failed sample. */
  image: ImageFacts.optional(),
});
export type StepFacts = z.infer<typeof StepFacts>;

/** A completed step of a sample: its facts, and its line for the step file or, after a failure, for `failed.jsonl`. */
export interface StepLine {
  readonly facts: StepFacts;
  readonly text: string;
}

/** A line of a part file: facts, tab, record. JSON writes a tab as `\t`, so the record can be copied without parsing it. */
export function formatStepLine({ facts, text }: StepLine): string {
  return `${JSON.stringify(facts)}\t${text}\n`;
}

/** Throws `TypeError` for any line that `formatStepLine` did not write. */
export function parseStepLine(line: string): StepLine {
  const tab = line.indexOf('\t');
  if (tab < 0) throw new TypeError('a part file is damaged: a line has no facts');
  return { facts: StepFacts.parse(JSON.parse(line.slice(0, tab))), text: line.slice(tab + 1) };
}
