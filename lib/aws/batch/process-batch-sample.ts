import type { ImageStore } from '#core/ports.ts';
import type { Sample } from '#core/sample.ts';
import type { ModelConnection } from '#models/connect.ts';
import type { StepLine } from '#output/step-line.ts';
import type { CallGate } from '#pipeline/call-gate.ts';
import { composeProvenance } from '#pipeline/model-facts.ts';
import { processSample } from '#pipeline/process-sample.ts';
import { openImages } from '../run-state/image-roots.ts';
import type { ManifestLine } from '../run-state/manifest.ts';
import { forcedCheckpoints, waitForPeerCheckpoints } from './batch-checkpoints.ts';
import type { Batch } from './batch-context.ts';
import { type ByteBudget, createByteBudget, withinBudget } from './byte-budget.ts';

/** Bytes of images in memory at a time. A function of 512 MB has room for them and for their encoded requests. */
const IMAGE_BYTES = 150_000_000;

/** Returns the function that processes one sample of the batch. `items`: the lines that this call of the function processes. */
export function openBatchProcessor(batch: Batch, items: readonly ManifestLine[], gate: CallGate, connection: ModelConnection) {
  const { base, plan, context, session, marks, isolation } = batch;
  const { cloud, step } = context;
  const { settings, imageBase, runId } = plan;
  const stored = settings.workflow.force_reprocess ? forcedCheckpoints(cloud.checkpoints, plan.forcedSince ?? runId) : cloud.checkpoints;
  const peerCheckpoints = waitForPeerCheckpoints(stored, cloud.clock, gate.signal);
  const firstLines = new Set(items.filter(({ id }) => !/~\d+$/.test(id)).map(({ id }) => id));
  const allImages = openImages(cloud.s3, { base: imageBase, fallbackRoot: plan.imageFallback }, settings.data.max_image_bytes);
  const budget = createByteBudget(IMAGE_BYTES);
  const pipelineStep = {
    connection,
    provenance: settings.output.provenance ? composeProvenance(step, connection, settings) : undefined,
    internalErrors: session.internalErrors,
  };
  const shared = {
    run: { settings, imageBase, runId, beforeCall: () => gate.check() },
    steps: { [step]: pipelineStep },
    signal: gate.signal,
  };

  return async (item: ManifestLine, sample: Sample): Promise<StepLine> => {
    gate.check();
    if (isolation.isolated) await marks.write({ at: item.n, crashedLines: isolation.crashedLines });
    const checkpoints = sample.repeat > 0 && !firstLines.has(sample.sampleId) ? peerCheckpoints : stored;
    const extracted = base?.get(item.n);
    const result = await withImages(allImages, budget, extracted?.facts.image?.size, (images) =>
      processSample(sample, { ...shared, checkpoints, images, extracted }),
    );
    const line = result[step];
    if (!line) throw new TypeError(`line ${item.n} has no result of ${step}: the manifest and the run plan do not belong together`);
    return line;
  };
}

/** Counts the images that one sample reads against the byte budget until it is processed. */
async function withImages<T>(
  images: ImageStore,
  budget: ByteBudget,
  knownBytes: number | undefined,
  use: (images: ImageStore) => Promise<T>,
): Promise<T> {
  const counted = withinBudget(images, budget, knownBytes);
  try {
    return await use(counted.images);
  } finally {
    counted.release();
  }
}
