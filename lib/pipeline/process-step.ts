import type { AnnotationRecord } from '#core/annotation-record.ts';
import { SampleError } from '#core/errors.ts';
import type { ImageFacts } from '#core/image-facts.ts';
import type { CheckpointStore, ImageStore, StepName, Usage } from '#core/ports.ts';
import { isAbsoluteReference } from '#core/remote-address.ts';
import type { Sample } from '#core/sample.ts';
import type { Settings } from '#core/settings.ts';
import type { ModelConnection } from '#models/connect.ts';
import { composeExtracted, composeGiven, composeGrounded, type StepProvenance } from '#output/compose-record.ts';
import { type Failure, failedLine } from '#output/failed-line.ts';
import type { StepFacts, StepLine } from '#output/step-line.ts';
import type { Extraction } from '#steps/extract/extract.ts';
import { runExtraction, runGrounding, type StepContext } from '#steps/run-step.ts';
import { openSampleImage, type SampleImage } from '#steps/sample-image.ts';
import type { InternalErrors } from './internal-errors.ts';

/** What a step needs besides its samples. */
export interface StepWork {
  readonly settings: Settings;
  readonly connection: ModelConnection;
  readonly checkpoints: CheckpointStore;
  readonly images: ImageStore;
  /** Where relative image paths begin, for `failed.jsonl`. */
  readonly imageBase: string;
  /** Left out for lean records. */
  readonly provenance: StepProvenance | undefined;
  readonly signal: AbortSignal;
  /** Of this step: what an unexpected error means for its sample. */
  readonly internalErrors: InternalErrors;
  /** Where equal lines share a failure: the run they are in. */
  readonly runId?: string | undefined;
  /** Before every call; throws to keep it from being made. */
  beforeCall?(): void | Promise<void>;
  onUsage?(model: string, usage: Usage): void;
}

/** A settled step; `record` is absent where it failed. */
export interface ProcessedStep extends StepLine {
  readonly record?: AnnotationRecord;
}

/** What step 1 starts from. */
export interface Groundable {
  readonly extraction: Extraction;
  /** The record so far. Asked for once the image's size is known, be it from a checkpoint. */
  recordFor(image: ImageFacts): AnnotationRecord;
  /** The record so far where there is one already, with the facts of its image. */
  readonly known?: { readonly record: AnnotationRecord; readonly image: ImageFacts | undefined };
  /** Left out before step 1, where no step 0 has counted it. */
  readonly dropped?: Readonly<Record<string, number>>;
}

/** Opens a sample's image for all of its steps. `recorded` spares a look at it where an earlier step has looked. */
export function openImageOfSample(
  sample: Sample,
  { images, settings }: Pick<StepWork, 'images' | 'settings'>,
  recorded?: ImageFacts,
): SampleImage {
  const limits = { maxBytes: settings.data.max_image_bytes, maxPixels: settings.data.max_image_pixels };
  return openSampleImage(
    sample.imageBase === undefined ? images : resolveAgainstPreviousImageRoot(images, sample.imageBase),
    sample.imagePath,
    limits,
    recorded,
  );
}

/** Runs a step of one sample. An error that the step does not expect fails this sample and no other; what stops the run is thrown. */
export async function isolateErrors(
  sample: Sample,
  step: StepName,
  work: Pick<StepWork, 'imageBase' | 'internalErrors'>,
  run: () => Promise<ProcessedStep>,
): Promise<ProcessedStep> {
  try {
    const result = await run();
    work.internalErrors.interrupt();
    return result;
  } catch (error) {
    return composeFailedStep(sample, step, work.internalErrors.failureFor(error), work);
  }
}

/** Step 0 of one sample. Throws `RunStopError`, or an `AbortError` when aborted; whatever else is wrong is a failed line. */
export async function processExtraction(sample: Sample, image: SampleImage, work: StepWork): Promise<ProcessedStep> {
  const result = await runExtraction(sample, composeStepContext(work, image)).catch(asFailure);
  if (result.status === 'failed') return composeFailedStep(sample, 'step_0', result, work);
  const record = composeExtracted(sample, result.output, result.image, work.provenance);
  const { cached, usage, dropped } = result;
  const facts = composeStepFacts(sample, record, { cached, usage: recordedOnce(sample, cached, usage), dropped, image: result.image });
  return { facts, record, text: JSON.stringify(record) };
}

/** Step 1 of one sample, to the same rules. */
export async function processGrounding(sample: Sample, base: Groundable, image: SampleImage, work: StepWork): Promise<ProcessedStep> {
  const { extraction, known } = base;
  if (extraction.expressions.length === 0) return processWithoutExpressions(sample, base, image, work);
  const result = await runGrounding(sample, extraction, composeStepContext(work, image)).catch(asFailure);
  if (result.status === 'failed') return composeFailedStep(sample, 'step_1', result, work);
  const before = known?.record ?? base.recordFor(result.image);
  const record = composeGrounded(before, sample.lineId, result.output, work.provenance);
  const { cached } = result;
  const dropped = { ...base.dropped, ...result.dropped };
  const usage = recordedOnce(sample, cached, result.usage);
  if (record.status === 'partial' && work.settings.workflow.partial === 'fail')
    return composeFailedStep(sample, 'step_1', { ...result, usage, code: 'partial', message: describePartial(record) }, work);
  return { facts: composeStepFacts(sample, record, { cached, usage, dropped, image: result.image }), record, text: JSON.stringify(record) };
}

/** The record of a line that brought its own expressions, as step 0 leaves it: no call, but the image's size is needed. */
export async function processGivenExpressions(sample: Sample, image: SampleImage, work: StepWork): Promise<ProcessedStep> {
  try {
    const facts = await image.facts();
    const record = givenRecord(sample, facts, work);
    return {
      facts: composeStepFacts(sample, record, { cached: true, dropped: countUnplaced(sample), image: facts }),
      record,
      text: JSON.stringify(record),
    };
  } catch (error) {
    return composeFailedStep(sample, 'step_0', asFailure(error), work);
  }
}

/** What step 1 starts from where the line brought its own expressions. */
export function givenGroundable(sample: Sample, work: StepWork): Groundable {
  const { cleanedCaption = sample.caption, expressions = [] } = sample.given ?? {};
  const asked = expressions.map(({ text, char_span, noun_chunk }) => ({
    text,
    charSpan: [...char_span] as [number, number],
    nounChunk: noun_chunk,
  }));
  return {
    extraction: { cleanedCaption, expressions: asked },
    recordFor: (image) => givenRecord(sample, image, work),
    ...(work.settings.workflow.steps.includes('0') ? {} : { dropped: countUnplaced(sample) }),
  };
}

/** What step 1 starts from after step 0. */
export function extractedGroundable(record: AnnotationRecord, image: ImageFacts | undefined): Groundable {
  const expressions = record.expressions.map(({ text, char_span, noun_chunk }) => ({ text, charSpan: char_span, nounChunk: noun_chunk }));
  return { extraction: { cleanedCaption: record.cleaned_caption, expressions }, recordFor: () => record, known: { record, image } };
}

function givenRecord(sample: Sample, image: ImageFacts, { settings }: StepWork): AnnotationRecord {
  return composeGiven(sample, image, settings.output.provenance);
}

async function processWithoutExpressions(sample: Sample, base: Groundable, image: SampleImage, work: StepWork): Promise<ProcessedStep> {
  try {
    const facts = base.known ? base.known.image : await image.facts();
    const before = base.known?.record ?? base.recordFor(await image.facts());
    const record = composeGrounded(before, sample.lineId, { expressions: [] }, work.provenance);
    return {
      facts: composeStepFacts(sample, record, { cached: true, dropped: { ...base.dropped }, image: facts }),
      record,
      text: JSON.stringify(record),
    };
  } catch (error) {
    return composeFailedStep(sample, 'step_1', asFailure(error), work);
  }
}

function composeStepContext(
  { settings, connection, checkpoints, signal, runId, beforeCall, onUsage }: StepWork,
  image: SampleImage,
): StepContext {
  return { settings, connection, checkpoints, image, signal, runId, ...(beforeCall && { beforeCall }), ...(onUsage && { onUsage }) };
}

interface StepOutcome {
  readonly cached: boolean;
  readonly usage?: Usage | undefined;
  readonly dropped: Readonly<Record<string, number>>;
  readonly image: ImageFacts | undefined;
}

function composeStepFacts(sample: Sample, record: AnnotationRecord, { cached, usage, dropped, image }: StepOutcome): StepFacts {
  const groundings: Record<string, number> = {};
  for (const { grounding } of record.expressions) if (grounding) groundings[grounding] = (groundings[grounding] ?? 0) + 1;
  const { width, height } = sample.fields;
  const differs = (stated: unknown, found: number) => typeof stated === 'number' && stated > 0 && stated !== found;
  const stated = (['width', 'height'] as const).filter((side) => sample.fields[side] !== undefined);
  return {
    n: sample.line,
    id: sample.lineId,
    status: record.status === 'partial' ? 'partial' : 'done',
    cached,
    ...(usage && { usage }),
    expressions: record.expressions.length,
    boxes: record.expressions.reduce((sum, { instances }) => sum + instances.length, 0),
    groundings,
    dropped: { ...dropped },
    ...(differs(width, record.width) || differs(height, record.height) ? { otherSize: true } : {}),
    ...(stated.length > 0 && { stated }),
    ...(image && { image }),
  };
}

/** `image` is absent where the image itself could not be read. */
type FailedStep = Pick<Failure, 'code' | 'message' | 'attempts' | 'replyHead'> & {
  readonly usage?: Usage | undefined;
  readonly image?: ImageFacts;
};

function composeFailedStep(sample: Sample, step: StepName, failure: FailedStep, { imageBase }: Pick<StepWork, 'imageBase'>): ProcessedStep {
  const { code, usage, image } = failure;
  const facts: StepFacts = {
    n: sample.line,
    id: sample.lineId,
    status: 'failed',
    code,
    cached: false,
    ...(usage && { usage }),
    expressions: 0,
    boxes: 0,
    groundings: {},
    dropped: {},
    ...(image && { image }),
  };
  return { facts, text: failedLine(sample, { ...failure, step }, imageBase) };
}

/** A `SampleError` as the step's own failures look; anything else goes on up. */
function asFailure(error: unknown): FailedStep & { status: 'failed' } {
  if (!(error instanceof SampleError)) throw error;
  const { code, message, replyHead } = error;
  return { status: 'failed', code, message, attempts: 0, ...(replyHead === undefined ? {} : { replyHead }) };
}

/** Equal lines share one reply: its tokens are noted with the first of them. */
function recordedOnce({ repeat }: Sample, cached: boolean, usage: Usage): Usage | undefined {
  return cached && repeat > 0 ? undefined : usage;
}

function countUnplaced({ given }: Sample): Record<string, number> {
  return given && given.unplaced.length > 0 ? { expression_not_in_caption: given.unplaced.length } : {};
}

function describePartial({ expressions }: AnnotationRecord): string {
  const open = expressions.filter(({ grounding }) => grounding === 'dropped' || grounding === 'unanswered');
  return `${open.length} of ${expressions.length} expressions without a usable answer, the first being "${open[0]?.text}"; workflow.partial=keep would keep the others`;
}

/** A line of `failed.jsonl` finds its image where the run that it failed in looked for it, else as any other line does. */
function resolveAgainstPreviousImageRoot(images: ImageStore, base: string): ImageStore {
  const first = async <T>(ask: (imagePath: string) => Promise<T>, imagePath: string): Promise<T> => {
    if (isAbsoluteReference(imagePath)) return ask(imagePath);
    try {
      return await ask(`${base.replace(/\/+$/, '')}/${imagePath}`);
    } catch (error) {
      if (!(error instanceof SampleError) || error.code !== 'image_not_found') throw error;
      return ask(imagePath);
    }
  };
  return {
    stat: (imagePath, signal) => first((path) => images.stat(path, signal), imagePath),
    read: (imagePath, signal) => first((path) => images.read(path, signal), imagePath),
  };
}
