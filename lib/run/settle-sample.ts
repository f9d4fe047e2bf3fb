import type { Sample } from '#core/sample.ts';
import type { SampleImage } from '#steps/sample-image.ts';
import {
  extractedGroundable,
  givenGroundable,
  imageOf,
  type SettledStep,
  type StepWork,
  settleExtraction,
  settleGiven,
  settleGrounding,
} from './settle-step.ts';
import type { SettledLine } from './settled-line.ts';

/** The steps to take a sample through, each with what it needs. */
export interface SampleWork {
  readonly step_0?: StepWork;
  readonly step_1?: StepWork;
}

/** Takes one sample through its steps, over one opening of its image. Throws as the steps do. */
export async function settleSample(sample: Sample, work: SampleWork): Promise<SettledLine> {
  const { step_0, step_1 } = work;
  const image = imageOf(sample, (step_0 ?? step_1) as StepWork);
  if (sample.given) return settleGivenSample(sample, image, work);
  const extracted = step_0 && (await settleExtraction(sample, image, step_0));
  if (!extracted?.record || !step_1) return { step_0: lineOf(extracted) };
  const base = extractedGroundable(extracted.record, extracted.facts.image);
  return { step_0: lineOf(extracted), step_1: lineOf(await settleGrounding(sample, base, image, step_1)) };
}

/** Step 1 goes first where it can: its checkpoint knows the size of an image that nobody has to read then. */
async function settleGivenSample(sample: Sample, image: SampleImage, { step_0, step_1 }: SampleWork): Promise<SettledLine> {
  const grounded = step_1 && (await settleGrounding(sample, givenGroundable(sample, step_1), image, step_1));
  if (!step_0) return { step_1: lineOf(grounded) };
  const known = grounded?.facts.image;
  const given = await settleGiven(sample, known ? { ...image, facts: async () => known } : image, step_0);
  return given.record ? { step_0: lineOf(given), step_1: lineOf(grounded) } : { step_0: lineOf(given) };
}

/** The record itself is not needed any more: its text is. */
function lineOf(step: SettledStep | undefined): SettledLine['step_0'] {
  return step && { facts: step.facts, text: step.text };
}
