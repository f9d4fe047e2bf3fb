import type { Sample } from '#core/sample.ts';
import type { LineResult } from '#output/line-result.ts';
import type { SampleImage } from '#steps/sample-image.ts';
import {
  extractedGroundable,
  givenGroundable,
  isolateErrors,
  openImageOfSample,
  type ProcessedStep,
  processExtraction,
  processGivenExpressions,
  processGrounding,
  type StepWork,
} from './process-step.ts';

/** The steps to take a sample through, each with what it needs. */
export interface SampleWork {
  readonly step_0?: StepWork;
  readonly step_1?: StepWork;
}

/** Takes one sample through its steps, over one opening of its image. Throws as the steps do. */
export async function processSample(sample: Sample, work: SampleWork): Promise<LineResult> {
  const { step_0, step_1 } = work;
  const image = openImageOfSample(sample, (step_0 ?? step_1) as StepWork);
  if (sample.given) return processGivenSample(sample, image, work);
  const extracted = step_0 && (await isolateErrors(sample, 'step_0', step_0, () => processExtraction(sample, image, step_0)));
  if (!extracted?.record || !step_1) return { step_0: withoutRecord(extracted) };
  const base = extractedGroundable(extracted.record, extracted.facts.image);
  const grounded = await isolateErrors(sample, 'step_1', step_1, () => processGrounding(sample, base, image, step_1));
  return { step_0: withoutRecord(extracted), step_1: withoutRecord(grounded) };
}

/** Step 1 goes first where it can: its checkpoint knows the size of an image that nobody has to read then. */
async function processGivenSample(sample: Sample, image: SampleImage, { step_0, step_1 }: SampleWork): Promise<LineResult> {
  const ground = (work: StepWork) => () => processGrounding(sample, givenGroundable(sample, work), image, work);
  const grounded = step_1 && (await isolateErrors(sample, 'step_1', step_1, ground(step_1)));
  if (!step_0) return { step_1: withoutRecord(grounded) };
  const known = grounded?.facts.image;
  const seen = known ? { ...image, facts: async () => known } : image;
  const given = await isolateErrors(sample, 'step_0', step_0, () => processGivenExpressions(sample, seen, step_0));
  return given.record ? { step_0: withoutRecord(given), step_1: withoutRecord(grounded) } : { step_0: withoutRecord(given) };
}

/** The record itself is not needed any more: its text is. */
function withoutRecord(step: ProcessedStep | undefined): LineResult['step_0'] {
  return step && { facts: step.facts, text: step.text };
}
