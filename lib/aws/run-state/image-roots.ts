import type { S3Client } from '@aws-sdk/client-s3';
import { SampleError } from '#core/errors.ts';
import type { ImageStore } from '#core/ports.ts';
import { createS3Images } from '#storage/s3/s3-images.ts';
import { imageLocation } from '#storage/s3/s3-location.ts';

export interface ImageRoots {
  /** Where relative image paths begin, as `run.json` and `failed.jsonl` say it. */
  readonly base: string;
  /** Where else they may, when not there. */
  readonly fallbackRoot?: string;
}

/** `data.image_root` in S3: an address as it is, a path as a key of the input's bucket, `images` below the input's folder; without one the input's folder. */
export function resolveImageRoots(imageRoot: string, inputFolder: string): ImageRoots {
  if (imageRoot === '') return { base: inputFolder };
  const { bucket, key } = imageLocation(imageRoot, inputFolder);
  return { base: `s3://${bucket}/${key}`.replace(/\/+$/, ''), fallbackRoot: inputFolder };
}

/** Images below their base, else below the other place. */
export function openImages(client: S3Client, { base, fallbackRoot }: ImageRoots, maxBytes: number): ImageStore {
  const first = createS3Images({ client, base, maxBytes });
  if (fallbackRoot === undefined || fallbackRoot === base) return first;
  const second = createS3Images({ client, base: fallbackRoot, maxBytes });
  const either = async <T>(ask: (images: ImageStore) => Promise<T>): Promise<T> => {
    try {
      return await ask(first);
    } catch (error) {
      if (!(error instanceof SampleError) || error.code !== 'image_not_found') throw error;
      return ask(second).catch(() => {
        throw error;
      });
    }
  };
  return {
    stat: (imagePath, signal) => either((images) => images.stat(imagePath, signal)),
    read: (imagePath, signal) => either((images) => images.read(imagePath, signal)),
  };
}
