import type { S3Location } from '#storage/s3/s3-location.ts';
import { specName } from '../run-state/run-paths.ts';
import type { Cloud } from '../runtime/cloud.ts';
import type { StartInput } from './start-input.ts';
import { versionNow } from './start-run.ts';

/** The file that was uploaded again after the upload that started a run, as a message. The newer upload has started its own run. */
export async function newerUpload(
  { s3 }: Pick<Cloud, 's3'>,
  { bucket, key }: S3Location,
  { captions, spec }: NonNullable<StartInput['uploaded']>,
): Promise<string | undefined> {
  const folder = key.slice(0, key.lastIndexOf('/') + 1);
  const captionsNow = await versionNow(s3, bucket, key, captions);
  if (captionsNow !== undefined && captionsNow !== captions) return `s3://${bucket}/${key} was uploaded again`;
  const specNow = await versionNow(s3, bucket, `${folder}${specName}`, spec ?? undefined);
  // A deleted spec starts no run, so this run continues without a spec.
  return specNow !== undefined && specNow !== spec ? `s3://${bucket}/${folder}${specName} was uploaded` : undefined;
}
