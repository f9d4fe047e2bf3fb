import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { SampleError } from '#core/errors.ts';
import type { ImageStore } from '#core/ports.ts';
import type { PictureLink } from '#report/report-data.ts';
import { locateS3Image } from '#storage/s3/s3-images.ts';
import type { S3Location } from '#storage/s3/s3-location.ts';
import type { ImageRoots } from '../run-state/image-roots.ts';

export interface SignedLinksOptions {
  readonly client: S3Client;
  readonly imageRoots: ImageRoots;
  /** Images below the base, to choose between base and fallback. */
  readonly images: ImageStore;
  /**
   * Checks the object of a relative path. A line of `failed.jsonl` can have its own base, so the object here may be another one.
   * @default no check
   */
  readonly isImage?: (location: S3Location) => Promise<boolean>;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Lifetime of a link: a working day with the report. The credentials of a function can expire earlier. */
const SECONDS = 12 * 60 * 60;

/** Links to pictures in S3 for readers of the report without an AWS account, with their expiry. `undefined` for a path without an object. */
export function signPictureLinks(options: SignedLinksOptions): (imagePath: string) => Promise<PictureLink | undefined> {
  const { client, isImage, now } = options;
  return async (imagePath) => {
    const location = await locate(imagePath, options);
    if (location === undefined) return undefined;
    if (isImage && !isAbsolute(imagePath) && !(await isImage(location))) return undefined;
    const href = await getSignedUrl(client, new GetObjectCommand({ Bucket: location.bucket, Key: location.key }), { expiresIn: SECONDS });
    const { expiration } = await client.config.credentials();
    const lapses = Math.min(now() + SECONDS * 1000, expiration?.getTime() ?? Number.POSITIVE_INFINITY);
    return { href, lapses: new Date(lapses).toISOString() };
  };
}

/** Whether a path needs no base. */
const isAbsolute = (imagePath: string) => /^(?:\/|s3:\/\/)/i.test(imagePath);

async function locate(imagePath: string, { imageRoots, images }: SignedLinksOptions) {
  try {
    const { base, fallbackRoot } = imageRoots;
    if (fallbackRoot === undefined || fallbackRoot === base) return locateS3Image(imagePath, base);
    const isBelowBase = await images.stat(imagePath, AbortSignal.timeout(10_000)).then(
      () => true,
      () => false,
    );
    return locateS3Image(imagePath, isBelowBase ? base : fallbackRoot);
  } catch (error) {
    if (error instanceof SampleError) return undefined;
    throw error;
  }
}
