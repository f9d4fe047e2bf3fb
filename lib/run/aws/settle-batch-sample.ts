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
  isolateErrors,
  type StepWork,
  settleExtraction,
  settleGiven,
  settleGrounding,
} from '#run/settle-step.ts';
import type { StepLine } from '#run/step-line.ts';
import { forcedCheckpoints, patientCheckpoints } from './batch-checkpoints.ts';
import { type ByteBudget, createByteBudget, withinBudget } from './byte-budget.ts';
import { openImages } from './image-places.ts';
import type { ManifestLine } from './manifest.ts';
import type { SettleBatchOptions } from './settle-batch.ts';

/** Bytes of images that are held at a time: a function of 512 MB has room for them beside what is sent of them. */
const IMAGE_BYTES = 150_000_000;

/** How one sample of this batch is settled. */
export function openBatch(options: SettleBatchOptions, gate: CallGate, connection: ModelConnection) {
  const { items, base, plan, context, marks, poison } = options;
  const { cloud, step } = context;
  const { settings } = plan;
  const stored = settings.workflow.force_reprocess
    ? forcedCheckpoints(cloud.checkpoints, plan.forcedSince ?? plan.runId)
    : cloud.checkpoints;
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
    const processSample = async (images: ImageStore) => {
      const work = workOf(options, gate, { connection, checkpoints, images, provenance: shared.provenance });
      const image = imageOf(sample, work, earlier?.facts.image);
      if (step === 'step_0') return sample.given ? settleGiven(sample, image, work) : settleExtraction(sample, image, work);
      const start = earlier
        ? extractedGroundable(parseRecord(earlier.text) as AnnotationRecord, earlier.facts.image)
        : givenGroundable(sample, work);
      return settleGrounding(sample, start, image, work);
    };
    const { internalErrors } = options.session;
    return isolateErrors(sample, step, { imageBase: plan.imageBase, internalErrors }, () =>
      withImages(shared.images, shared.budget, earlier?.facts.image?.size, processSample),
    );
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

function workOf({ plan, session }: SettleBatchOptions, gate: CallGate, parts: SampleParts): StepWork {
  return {
    ...parts,
    settings: plan.settings,
    imageBase: plan.imageBase,
    runId: plan.runId,
    signal: gate.signal,
    internalErrors: session.internalErrors,
    beforeCall: () => gate.check(),
  };
}
