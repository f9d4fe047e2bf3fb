import type { AnnotationRecord } from '#core/annotation-record.ts';
import { SampleError } from '#core/errors.ts';
import type { ImageFacts } from '#core/image-facts.ts';
import type { CheckpointStore, ImageStore, StepName, Usage } from '#core/ports.ts';
import type { Sample } from '#core/sample.ts';
import type { Settings } from '#core/settings.ts';
import { parseRecord } from '#input/parse-line.ts';
import type { ModelConnection } from '#models/connect.ts';
import { composeExtracted, composeGiven, composeGrounded, type StepProvenance } from '#output/compose-record.ts';
import type { LineResult } from '#output/line-result.ts';
import type { StepLine } from '#output/step-line.ts';
import type { Extraction } from '#steps/extract/extract.ts';
import { extractStep } from '#steps/extract/extract-step.ts';
import { groundStep } from '#steps/ground/ground-step.ts';
import { runStep, type StepContext } from '#steps/run-step.ts';
import type { SampleImage } from '#steps/sample-image.ts';
import { type CompletedStep, composeFailedStep, composeStepLine, describeSampleError, type StepFault } from './compose-step-line.ts';
import type { InternalErrors } from './internal-errors.ts';
import { openImageOfSample } from './open-image.ts';

/** The parts of the pipeline that all samples of a run share. */
export interface PipelineRun {
  readonly settings: Settings;
  /** Base of relative image paths, for `failed.jsonl`. */
  readonly imageBase: string;
  readonly runId: string;
  /** Runs before every call. Throws to prevent it. */
  readonly beforeCall?: (() => void) | undefined;
}

/** One step of a run, with its model. */
export interface PipelineStep {
  readonly connection: ModelConnection;
  /** Absent for records without provenance. */
  readonly provenance: StepProvenance | undefined;
  readonly internalErrors: InternalErrors;
}

export interface SampleContext {
  readonly run: PipelineRun;
  /** The steps to run. */
  readonly steps: { readonly step_0?: PipelineStep | undefined; readonly step_1?: PipelineStep | undefined };
  readonly checkpoints: CheckpointStore;
  readonly images: ImageStore;
  readonly signal: AbortSignal;
  /** The result of step 0 of an earlier invocation, from which step 1 starts. */
  readonly extracted?: StepLine | undefined;
}

/** A sample with its image and its context, shared by its steps. */
interface OpenSample {
  readonly sample: Sample;
  readonly image: SampleImage;
  readonly context: SampleContext;
}

/** A record of step 0, and the facts of its image where they were measured. */
interface ExtractedRecord {
  readonly record: AnnotationRecord;
  readonly image: ImageFacts | undefined;
}

/**
 * Runs the steps of one sample and composes its records. A fault of the sample is a failed line in the result.
 * Throws the errors that stop the run: `RunStopError`, `StorageError`, `UsageError`, or an `AbortError`.
 */
export async function processSample(sample: Sample, context: SampleContext): Promise<LineResult> {
  const { run, steps, images, extracted } = context;
  const open = { sample, context, image: openImageOfSample(sample, images, run.settings, extracted?.facts.image) };
  const { step_0, step_1 } = steps;
  if (extracted) return { step_1: step_1 && withoutRecord(await ground(open, step_1, () => readExtracted(extracted))) };
  if (sample.given) return processGivenSample(open);
  const first = step_0 && (await extract(open, step_0));
  if (!step_1 || !first || !isCompleted(first)) return { step_0: first && withoutRecord(first) };
  const second = await ground(open, step_1, () => ({ record: first.record, image: first.facts.image }));
  return { step_0: withoutRecord(first), step_1: withoutRecord(second) };
}

/** A sample with expressions of its own. Step 1 runs first: its checkpoint may hold the image size, so that step 0 need not read the image. */
async function processGivenSample(open: OpenSample): Promise<LineResult> {
  const { step_0, step_1 } = open.context.steps;
  const second = step_1 && (await ground(open, step_1));
  if (!step_0) return { step_1: second && withoutRecord(second) };
  const first = await isolateErrors('step_0', step_0, open, async () => {
    const image = second?.facts.image ?? (await open.image.facts());
    return composeStepLine(open.sample, composeGivenRecord(open, image), { cached: true, dropped: countUnplaced(open.sample), image });
  });
  return { step_0: withoutRecord(first), step_1: second && isCompleted(first) ? withoutRecord(second) : undefined };
}

function extract(open: OpenSample, step: PipelineStep): Promise<CompletedStep | StepLine> {
  return isolateErrors('step_0', step, open, async () => {
    const { sample } = open;
    const result = await runStep(extractStep, sample, composeStepContext(open, step));
    if (result.status === 'failed') return result;
    const record = composeExtracted(sample, result.output, result.image, step.provenance);
    return composeStepLine(sample, record, { ...result, usage: omitSharedUsage(sample, result) });
  });
}

/** Step 1. It starts from a record of step 0, or else from the expressions of the line itself. */
function ground(open: OpenSample, step: PipelineStep, readEarlier?: () => ExtractedRecord): Promise<CompletedStep | StepLine> {
  return isolateErrors('step_1', step, open, async () => {
    const { sample, image, context } = open;
    const { workflow } = context.run.settings;
    const earlier = readEarlier?.();
    const { sampleId, repeat, lineId } = sample;
    const extraction = earlier ? readExtraction(earlier.record) : readGivenExtraction(sample);
    const result =
      extraction.expressions.length === 0
        ? { ...WITHOUT_EXPRESSIONS, image: earlier ? earlier.image : await image.facts() }
        : await runStep(groundStep, { sampleId, repeat, ...extraction }, composeStepContext(open, step));
    if (result.status === 'failed') return result;
    const before = earlier?.record ?? composeGivenRecord(open, result.image ?? (await image.facts()));
    const record = composeGrounded(before, lineId, result.output, step.provenance);
    const usage = omitSharedUsage(sample, result);
    if (record.status === 'partial' && workflow.partial === 'fail')
      return { ...result, usage, code: 'partial', message: describePartial(record) };
    const unplaced = earlier || workflow.steps.includes('0') ? {} : countUnplaced(sample); // step 0 counts them where it runs
    return composeStepLine(sample, record, { ...result, usage, dropped: { ...unplaced, ...result.dropped } });
  });
}

/** The result of step 1 where there is nothing to ask about. */
const WITHOUT_EXPRESSIONS = {
  status: 'ok',
  output: { expressions: [] },
  cached: true,
  usage: undefined,
  dropped: {},
  attempts: 0,
} as const;

/** Runs a step of a sample. A fault of the sample, or an unexpected error, fails this sample and no other. */
async function isolateErrors(
  name: StepName,
  { internalErrors }: PipelineStep,
  { sample, context }: OpenSample,
  run: () => Promise<CompletedStep | StepFault>,
): Promise<CompletedStep | StepLine> {
  const composeFailure = (fault: StepFault) => composeFailedStep(sample, name, fault, context.run.imageBase);
  try {
    const result = await run();
    internalErrors.interrupt();
    return 'record' in result ? result : composeFailure(result);
  } catch (error) {
    if (!(error instanceof SampleError)) return composeFailure(internalErrors.failureFor(error));
    internalErrors.interrupt();
    return composeFailure(describeSampleError(error));
  }
}

function composeStepContext({ image, context }: OpenSample, { connection }: PipelineStep): StepContext {
  const { run, checkpoints, signal } = context;
  return { settings: run.settings, connection, checkpoints, image, signal, runId: run.runId, beforeCall: run.beforeCall };
}

const composeGivenRecord = ({ sample, context }: OpenSample, image: ImageFacts) =>
  composeGiven(sample, image, context.run.settings.output.provenance);

const readExtracted = ({ text, facts }: StepLine): ExtractedRecord => ({
  record: parseRecord(text) as AnnotationRecord,
  image: facts.image,
});

function readExtraction({ cleaned_caption, expressions }: AnnotationRecord): Extraction {
  return {
    cleanedCaption: cleaned_caption,
    expressions: expressions.map(({ text, char_span, noun_chunk }) => ({ text, charSpan: char_span, nounChunk: noun_chunk })),
  };
}

function readGivenExtraction({ given, caption }: Sample): Extraction {
  const { cleanedCaption = caption, expressions = [] } = given ?? {};
  return {
    cleanedCaption,
    expressions: expressions.map(({ text, char_span: [start, end], noun_chunk }) => ({
      text,
      charSpan: [start, end],
      nounChunk: noun_chunk,
    })),
  };
}

/** Equal lines share one reply. Its tokens are counted with the first of them. */
function omitSharedUsage({ repeat }: Sample, { cached, usage }: { readonly cached: boolean; readonly usage: Usage | undefined }) {
  return cached && repeat > 0 ? undefined : usage;
}

function countUnplaced({ given }: Sample): Record<string, number> {
  return given && given.unplaced.length > 0 ? { expression_not_in_caption: given.unplaced.length } : {};
}

function describePartial({ expressions }: AnnotationRecord): string {
  const open = expressions.filter(({ grounding }) => grounding === 'dropped' || grounding === 'unanswered');
  return `${open.length} of ${expressions.length} expressions have no usable answer, the first is "${open[0]?.text}"; fix: workflow.partial=keep keeps the other expressions`;
}

const isCompleted = (step: CompletedStep | StepLine): step is CompletedStep => 'record' in step;

/** Drops the record, which is not needed any more: its text remains. */
const withoutRecord = ({ facts, text }: StepLine): StepLine => ({ facts, text });
