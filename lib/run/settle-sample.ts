import type { Sample } from '#core/sample.ts';
import type { SampleImage } from '#steps/sample-image.ts';
import {
  extractedGroundable,
  givenGroundable,
  imageOf,
  isolateErrors,
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
  const extracted = step_0 && (await isolateErrors(sample, 'step_0', step_0, () => settleExtraction(sample, image, step_0)));
  if (!extracted?.record || !step_1) return { step_0: lineOf(extracted) };
  const base = extractedGroundable(extracted.record, extracted.facts.image);
  const grounded = await isolateErrors(sample, 'step_1', step_1, () => settleGrounding(sample, base, image, step_1));
  return { step_0: lineOf(extracted), step_1: lineOf(grounded) };
}

/** Step 1 goes first where it can: its checkpoint knows the size of an image that nobody has to read then. */
async function settleGivenSample(sample: Sample, image: SampleImage, { step_0, step_1 }: SampleWork): Promise<SettledLine> {
  const ground = (work: StepWork) => () => settleGrounding(sample, givenGroundable(sample, work), image, work);
  const grounded = step_1 && (await isolateErrors(sample, 'step_1', step_1, ground(step_1)));
  if (!step_0) return { step_1: lineOf(grounded) };
  const known = grounded?.facts.image;
  const seen = known ? { ...image, facts: async () => known } : image;
  const given = await isolateErrors(sample, 'step_0', step_0, () => settleGiven(sample, seen, step_0));
  return given.record ? { step_0: lineOf(given), step_1: lineOf(grounded) } : { step_0: lineOf(given) };
}

/** The record itself is not needed any more: its text is. */
function lineOf(step: SettledStep | undefined): SettledLine['step_0'] {
  return step && { facts: step.facts, text: step.text };
}
