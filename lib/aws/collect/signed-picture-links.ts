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
  /** Tells at which of two places an image is. */
  readonly images: ImageStore;
  /**
   * Looks at the object of a relative path, which may have been read from another place than this one: a line of `failed.jsonl`
   * brings a place of its own. @default no look
   */
  readonly isImage?: (location: S3Location) => Promise<boolean>;
  /** Milliseconds since 1970. */
  now(): number;
}

/** How long a link is meant to work: a day of looking at a report. Credentials of a function may end it earlier. */
const SECONDS = 12 * 60 * 60;

/** Links to pictures in S3 for whoever has the report: they need no account, and say when they lapse. Paths that name no object have none. */
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

/** Names its object by itself. */
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
