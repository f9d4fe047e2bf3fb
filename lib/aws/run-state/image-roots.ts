import type { S3Client } from '@aws-sdk/client-s3';
import { SampleError } from '#core/errors.ts';
import type { ImageStore } from '#core/ports.ts';
import { createS3Images } from '#storage/s3/s3-images.ts';
import { imageLocation } from '#storage/s3/s3-location.ts';

export interface ImageRoots {
  /** Root of relative image paths, as written in `run.json` and `failed.jsonl`. */
  readonly base: string;
  /** Root for images that are not below `base`. */
  readonly fallbackRoot?: string | undefined;
}

/** `data.image_root` in S3: an `s3://` address, `/key` of the input's bucket, or a path below the input's folder. @default the input's folder */
export function resolveImageRoots(imageRoot: string, inputFolder: string): ImageRoots {
  if (imageRoot === '') return { base: inputFolder };
  const { bucket, key } = imageLocation(imageRoot, inputFolder);
  return { base: `s3://${bucket}/${key}`.replace(/\/+$/, ''), fallbackRoot: inputFolder };
}

/** Images below the base, otherwise below the fallback root. */
export function openImages(client: S3Client, { base, fallbackRoot }: ImageRoots, maxBytes: number): ImageStore {
  const first = createS3Images({ client, base, maxBytes });
  if (fallbackRoot === undefined || fallbackRoot === base) return first;
  const second = createS3Images({ client, base: fallbackRoot, maxBytes });
  const either = async <T>(request: (images: ImageStore) => Promise<T>): Promise<T> => {
    try {
      return await request(first);
    } catch (error) {
      if (!(error instanceof SampleError) || error.code !== 'image_not_found') throw error;
      return request(second).catch(() => {
        throw error;
      });
    }
  };
  return {
    stat: (imagePath, signal) => either((images) => images.stat(imagePath, signal)),
    read: (imagePath, signal) => either((images) => images.read(imagePath, signal)),
  };
}
