import type { AnnotationRecord } from '#core/annotation-record.ts';
import type { CheckpointStore, ImageStore } from '#core/ports.ts';
import type { Sample } from '#core/sample.ts';
import { parseRecord } from '#input/parse-line.ts';
import type { ModelConnection } from '#models/connect.ts';
import type { StepLine } from '#output/step-line.ts';
import type { CallGate } from '#pipeline/call-gate.ts';
import { composeProvenance } from '#pipeline/model-facts.ts';
import {
  extractedGroundable,
  givenGroundable,
  isolateErrors,
  openImageOfSample,
  processExtraction,
  processGivenExpressions,
  processGrounding,
  type StepWork,
} from '#pipeline/process-step.ts';
import { openImages } from '../run-state/image-roots.ts';
import type { ManifestLine } from '../run-state/manifest.ts';
import { forcedCheckpoints, waitForPeerCheckpoints } from './batch-checkpoints.ts';
import type { ProcessBatchOptions } from './batch-context.ts';
import { type ByteBudget, createByteBudget, withinBudget } from './byte-budget.ts';

/** Bytes of images that are held at a time: a function of 512 MB has room for them beside what is sent of them. */
const IMAGE_BYTES = 150_000_000;

/** How one sample of this batch is settled. */
export function openBatchProcessor(options: ProcessBatchOptions, gate: CallGate, connection: ModelConnection) {
  const { items, base, plan, context, marks, isolation } = options;
  const { cloud, step } = context;
  const { settings } = plan;
  const stored = settings.workflow.force_reprocess
    ? forcedCheckpoints(cloud.checkpoints, plan.forcedSince ?? plan.runId)
    : cloud.checkpoints;
  const peerCheckpoints = waitForPeerCheckpoints(stored, cloud.clock, gate.signal);
  const here = new Set(items.filter(({ id }) => !/~\d+$/.test(id)).map(({ id }) => id));
  const imageRoots = { base: plan.imageBase, ...(plan.imageFallback === undefined ? {} : { fallbackRoot: plan.imageFallback }) };
  const shared = {
    images: openImages(cloud.s3, imageRoots, settings.data.max_image_bytes),
    budget: createByteBudget(IMAGE_BYTES),
    provenance: settings.output.provenance ? composeProvenance(step, connection, settings) : undefined,
  };

  return async (item: ManifestLine, sample: Sample): Promise<StepLine> => {
    gate.check();
    if (isolation.isolated) await marks.write({ at: item.n, crashedLines: isolation.crashedLines });
    const checkpoints = sample.repeat > 0 && !here.has(sample.sampleId) ? peerCheckpoints : stored;
    const earlier = base?.get(item.n);
    const processSample = async (images: ImageStore) => {
      const work = composeStepWork(options, gate, { connection, checkpoints, images, provenance: shared.provenance });
      const image = openImageOfSample(sample, work, earlier?.facts.image);
      if (step === 'step_0') return sample.given ? processGivenExpressions(sample, image, work) : processExtraction(sample, image, work);
      const start = earlier
        ? extractedGroundable(parseRecord(earlier.text) as AnnotationRecord, earlier.facts.image)
        : givenGroundable(sample, work);
      return processGrounding(sample, start, image, work);
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

function composeStepWork({ plan, session }: ProcessBatchOptions, gate: CallGate, parts: SampleParts): StepWork {
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
