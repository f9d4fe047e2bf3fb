import { RunStopError } from '#core/errors.ts';
import type { CheckpointStore, ImageStore } from '#core/ports.ts';
import type { AnnotationRecord } from '#core/record.ts';
import type { Sample } from '#core/sample.ts';
import type { ModelConnection } from '#models/connect.ts';
import type { CallGate } from '#run/call-gate.ts';
import { parseRecord } from '#run/parse-line.ts';
import { provenanceOf } from '#run/run-steps.ts';
import {
  extractedGroundable,
  givenGroundable,
  imageOf,
  type StepWork,
  settleExtraction,
  settleGiven,
  settleGrounding,
} from '#run/settle-step.ts';
import type { StepLine } from '#run/step-line.ts';
import { forcedCheckpoints, patientCheckpoints } from './batch-checkpoints.ts';
import type { BatchMarks } from './batch-mark.ts';
import { type ByteBudget, createByteBudget, withinBudget } from './byte-budget.ts';
import { openImages } from './image-places.ts';
import type { ManifestLine } from './manifest.ts';
import { connectionOf, type ModelSession } from './model-session.ts';
import type { Part } from './part-file.ts';
import { plainInput } from './plain-input.ts';
import type { Poison } from './poison.ts';
import { readBatchSamples } from './read-batch-samples.ts';
import type { BatchContext } from './run-batch.ts';
import type { StoredPlan } from './stored-plan.ts';
import { watchTime } from './watch-time.ts';

export interface SettleBatchOptions {
  /** What is still to be settled, in input order. */
  readonly items: readonly ManifestLine[];
  /** What step 0 has made of them, where this is step 1 after it. */
  readonly base: Part | undefined;
  readonly plan: StoredPlan;
  readonly session: ModelSession;
  readonly marks: BatchMarks;
  readonly poison: Poison;
  readonly context: BatchContext;
  /** A refused key has been read again already. */
  readonly renewed: boolean;
  readonly onSettled: (line: StepLine) => void;
}

/** Why a batch was put down before its end, if it was; `renewed` = a refused key is another one now, and the rest can go on with it. */
export interface BatchEnd {
  readonly reason?: unknown;
  readonly renewed?: boolean;
}

/** Bytes of images that are held at a time: a function of 512 MB holds them a second time as base64. */
const IMAGE_BYTES = 150_000_000;
/** How long calls in flight may go on after a stop: they are paid for. */
const GRACE_MS = 10_000;

/** Settles samples, several at a time, until all are or there is a reason not to go on. */
export async function settleBatch(options: SettleBatchOptions): Promise<BatchEnd> {
  const { items, session, context, renewed, onSettled } = options;
  const { link } = session;
  let announced: Promise<boolean> | undefined;
  let settled = 0;
  /** The others are told at once: every second they do not know is paid for. */
  const stopFor = (error: unknown) => {
    if (gate.stopped) return;
    gate.stop(error, error instanceof RunStopError ? GRACE_MS : 0);
    if (error instanceof RunStopError) announced = announce(error, session, renewed);
  };
  const gate: CallGate = session.openGate(() => link.stopped, stopFor);
  const watching = new AbortController();
  const watched = [link.watch(watching.signal), watchTime({ gate, link, context }, watching.signal)];
  try {
    const connection = connectionOf(await session.connect(gate.signal), context.step);
    const batch = openBatch(options, gate, connection);
    const width = options.poison.alone ? 1 : 2 * options.plan.callsPerLambda + 4;
    await takeAll(options, width, gate, async (item, sample) => {
      try {
        const line = await batch(item, sample);
        settled++;
        onSettled(line);
      } catch (error) {
        stopFor(error);
      }
    });
  } catch (error) {
    stopFor(error);
  } finally {
    watching.abort();
    await Promise.all(watched);
  }
  const isRenewed = await announced;
  if (isRenewed) return { renewed: true };
  return settled === items.length ? {} : { reason: gate.stopped?.reason ?? new Error('a batch ended before its end') };
}

/** Says whether the run can go on all the same, with a key that is another one now. */
async function announce(error: RunStopError, { link, renewKeys }: ModelSession, renewed: boolean): Promise<boolean> {
  if (error.reason === 'unauthorized' && !renewed && !link.stopped && (await renewKeys())) return true;
  await link.stop(error);
  return false;
}

/** Hands out samples, at most `width` at a time; equal ones one after the other, so that the later finds the answer of the earlier. */
async function takeAll(
  { items, plan, context }: SettleBatchOptions,
  width: number,
  gate: CallGate,
  settle: (item: ManifestLine, sample: Sample) => Promise<void>,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  const bySample = new Map<string, Promise<void>>();
  for await (const { line, sample } of readBatchSamples(plainInput(context.cloud, plan), items, plan.input.kind)) {
    while (underWay.size >= width) await Promise.race(underWay);
    if (gate.stopped) break;
    const before = bySample.get(sample.sampleId) ?? Promise.resolve();
    const mine = before.then(() => settle(line, sample)).finally(() => underWay.delete(mine));
    bySample.set(sample.sampleId, mine);
    underWay.add(mine);
  }
  await Promise.all(underWay);
}

/** How one sample of this batch is settled. */
function openBatch(options: SettleBatchOptions, gate: CallGate, connection: ModelConnection) {
  const { items, base, plan, context, marks, poison } = options;
  const { cloud, step } = context;
  const { settings } = plan;
  const stored = settings.workflow.force_reprocess ? forcedCheckpoints(cloud.checkpoints, plan.runId) : cloud.checkpoints;
  const patient = patientCheckpoints(stored, cloud.clock, gate.signal);
  const here = new Set(items.filter(({ id }) => !/~\d+$/.test(id)).map(({ id }) => id));
  const places = { base: plan.imageBase, ...(plan.imageFallback === undefined ? {} : { otherwise: plan.imageFallback }) };
  const shared = {
    images: openImages(cloud.s3, places, settings.data.max_image_bytes),
    budget: createByteBudget(IMAGE_BYTES),
    provenance: settings.output.provenance ? provenanceOf(step, connection, settings) : undefined,
  };

  return async (item: ManifestLine, sample: Sample): Promise<StepLine> => {
    gate.check();
    if (poison.alone) await marks.write({ at: item.n, died: poison.died });
    const checkpoints = sample.repeat > 0 && !here.has(sample.sampleId) ? patient : stored;
    const earlier = base?.get(item.n);
    return withImages(shared.images, shared.budget, earlier?.facts.image?.size, async (images) => {
      const work = workOf(options, gate, { connection, checkpoints, images, provenance: shared.provenance });
      const image = imageOf(sample, work, earlier?.facts.image);
      if (step === 'step_0') return sample.given ? settleGiven(sample, image, work) : settleExtraction(sample, image, work);
      const start = earlier
        ? extractedGroundable(parseRecord(earlier.text) as AnnotationRecord, earlier.facts.image)
        : givenGroundable(sample, work);
      return settleGrounding(sample, start, image, work);
    });
  };
}

async function withImages<T>(
  images: ImageStore,
  budget: ByteBudget,
  known: number | undefined,
  use: (images: ImageStore) => Promise<T>,
): Promise<T> {
  const mine = withinBudget(images, budget, known);
  try {
    return await use(mine.images);
  } finally {
    mine.release();
  }
}

interface SampleParts {
  readonly connection: ModelConnection;
  readonly checkpoints: CheckpointStore;
  readonly images: ImageStore;
  readonly provenance: StepWork['provenance'];
}

function workOf({ plan }: SettleBatchOptions, gate: CallGate, parts: SampleParts): StepWork {
  return {
    ...parts,
    settings: plan.settings,
    imageBase: plan.imageBase,
    signal: gate.signal,
    beforeCall: () => gate.check(),
  };
}
