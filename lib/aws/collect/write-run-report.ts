import type { ReportSample } from '#report/report-data.ts';
import { writeReport } from '#report/write-report.ts';
import { createS3Files } from '#storage/s3/s3-files.ts';
import { createS3Images } from '#storage/s3/s3-images.ts';
import type { S3Location } from '#storage/s3/s3-location.ts';
import { openImages } from '../run-state/image-roots.ts';
import type { StoredPlan } from '../run-state/stored-plan.ts';
import type { Cloud } from '../runtime/cloud.ts';
import type { MergedFacts } from './collect-state.ts';
import { isS3Image } from './is-s3-image.ts';
import { createImageRecogniser } from './recognised-images.ts';
import { isSampled, sampleFiles } from './sampled-files.ts';
import { signPictureLinks } from './signed-picture-links.ts';

export interface RunReport {
  readonly cloud: Cloud;
  readonly plan: StoredPlan;
  readonly merged: MergedFacts;
  remainingMs(): number;
}

const SHOWN = 500;
/** Larger images get no thumbnail: decoding them could exceed the time of the function. */
const THUMBNAIL_PIXELS = 25_000_000;
/** Time of the function reserved for the work after the report. */
const RESERVE_MS = 30_000;

/** Writes `report.html` to the results: failed, partial and low-scored samples first. An error is logged and does not fail the run. */
export async function writeRunReport({ cloud, plan, merged, remainingMs }: RunReport): Promise<void> {
  const results = createS3Files({ client: cloud.s3, bucket: cloud.variables.BUCKET, prefix: plan.prefix });
  const imageRoots = { base: plan.imageBase, fallbackRoot: plan.imageFallback };
  const images = openImages(cloud.s3, imageRoots, plan.settings.data.max_image_bytes);
  const first = createS3Images({ client: cloud.s3, base: imageRoots.base, maxBytes: plan.settings.data.max_image_bytes });
  const isImage = (location: S3Location) => isS3Image(cloud.s3, location);
  const sign = signPictureLinks({ client: cloud.s3, imageRoots, images: first, isImage, now: () => cloud.clock.now() });
  const isRecognised = createImageRecogniser(cloud.bucket, plan);
  const linkTo = async (imagePath: string, sample: ReportSample) => ((await isRecognised(sample)) ? sign(imagePath) : undefined);
  const signal = AbortSignal.timeout(Math.max(1, remainingMs() - RESERVE_MS));
  try {
    const isPart = (await isSampled(results, 'annotations.jsonl')) || (await isSampled(results, 'failed.jsonl'));
    const notices = isPart ? [partNotice(merged.collector.tally)] : [];
    await writeReport({ results: sampleFiles(results), images, linkTo, signal, maxSamples: SHOWN, maxPixels: THUMBNAIL_PIXELS, notices });
  } catch (error) {
    cloud.log.warn('the report was not written', { run: plan.runId, reason: error instanceof Error ? error.message : String(error) });
  }
}

function partNotice({ done, failed }: MergedFacts['collector']['tally']): string {
  return `This run has ${(done + failed).toLocaleString('en')} samples. The figures and charts here show a part of them, spread over the run; run.json counts all.`;
}
