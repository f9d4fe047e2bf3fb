import { z } from 'zod';
import { ImageFacts } from '#core/image-facts.ts';
import { StoredUsage } from '#core/usage.ts';

const count = z.int().nonnegative();

/** What one step did to one sample, without the record itself: everything counts and costs are made of. */
export const StepFacts = z.object({
  /** Line number and line id in the input file. */
  n: z.int().positive(),
  id: z.string(),
  status: z.enum(['done', 'partial', 'failed']),
  code: z.string().optional(),
  /** Settled without a call of its own. */
  cached: z.boolean(),
  /** Tokens of its calls; of a cached one those it once took, noted once for equal lines. */
  usage: StoredUsage.optional(),
  expressions: count.default(0),
  boxes: count.default(0),
  groundings: z.record(z.string(), count).default({}),
  /** What was left out, by reason. */
  dropped: z.record(z.string(), count).default({}),
  /** The line states another size than the image has. */
  otherSize: z.boolean().optional(),
  /** Which of its sides the line states itself, rightly or not. */
  stated: z.array(z.enum(['width', 'height'])).optional(),
  /** Of an image that was read and measured, whatever became of the sample. */
  image: ImageFacts.optional(),
});
export type StepFacts = z.infer<typeof StepFacts>;

/** A settled step of a sample: its facts, and the line for the step file or, where it failed, for `failed.jsonl`. */
export interface StepLine {
  readonly facts: StepFacts;
  readonly text: string;
}

/** A line of a part file. JSON writes a tab as `\t`, so a bare one parts facts from record, which is then copied without being read. */
export function formatStepLine({ facts, text }: StepLine): string {
  return `${JSON.stringify(facts)}\t${text}\n`;
}

/** Throws `TypeError` for anything but a line that `formatStepLine` wrote. */
export function parseStepLine(line: string): StepLine {
  const tab = line.indexOf('\t');
  if (tab < 0) throw new TypeError('a part file is damaged: a line has no facts');
  return { facts: StepFacts.parse(JSON.parse(line.slice(0, tab))), text: line.slice(tab + 1) };
}
