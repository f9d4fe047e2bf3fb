import type { S3Client } from '@aws-sdk/client-s3';
import { BEGIN_BYTES, beginsAsImage } from '#images/measure-image.ts';
import { isRangeNotSatisfiable, isS3AccessDenied, isS3Archived, isS3NotFound } from '#storage/s3/s3-errors.ts';
import type { S3Location } from '#storage/s3/s3-location.ts';
import { readS3Object } from '#storage/s3/s3-object.ts';

const TIMEOUT_MS = 10_000;

/** Whether the object can be read and starts with the signature of an image format. */
export async function isS3Image(client: S3Client, { bucket, key }: S3Location): Promise<boolean> {
  const range = { start: 0, end: BEGIN_BYTES };
  try {
    const chunks = await Array.fromAsync(readS3Object({ client, bucket, key, range, signal: AbortSignal.timeout(TIMEOUT_MS) }));
    return beginsAsImage(Buffer.concat(chunks));
  } catch (error) {
    const isEmpty = isRangeNotSatisfiable(error); // an object of 0 bytes satisfies no range
    if (isEmpty || isS3NotFound(error) || isS3AccessDenied(error) || isS3Archived(error)) return false;
    throw error;
  }
}
