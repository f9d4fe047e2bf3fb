import { SampleError } from '#core/errors.ts';
import { isAbsoluteReference } from '#core/hosts/remote-address.ts';
import type { ImageStore } from '#core/ports.ts';
import type { ImageReference } from './sample-images.ts';

export interface ImagesFound {
  readonly looked: number;
  readonly missing: number;
  /** The message for the first missing image. */
  readonly first?: string;
  /** Mean size of the images found. */
  readonly meanBytes: number;
}

/** Concurrent requests. */
const CONCURRENCY = 16;

/** Checks that images exist, without reading them. */
export async function findImages(images: ImageStore, wanted: readonly ImageReference[], signal: AbortSignal): Promise<ImagesFound> {
  const sizes: number[] = [];
  const problems = new Map<number, string>();
  const check = async (image: ImageReference, index: number) => {
    try {
      sizes.push((await statImage(images, image, signal)).size);
    } catch (error) {
      if (!(error instanceof SampleError)) throw error;
      problems.set(index, error.message);
    }
  };
  for (let start = 0; start < wanted.length; start += CONCURRENCY)
    await Promise.all(wanted.slice(start, start + CONCURRENCY).map((image, index) => check(image, start + index)));
  const first = problems.get(Math.min(...problems.keys()));
  const meanBytes = sizes.length === 0 ? 0 : sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  return { looked: wanted.length, missing: problems.size, first, meanBytes };
}

/** The image of a line of `failed.jsonl` is below the base of its previous run; otherwise it is found like any other image. */
async function statImage(images: ImageStore, { path, base }: ImageReference, signal: AbortSignal) {
  if (base !== undefined && !isAbsoluteReference(path))
    try {
      return await images.stat(`${base.replace(/\/+$/, '')}/${path}`, signal);
    } catch (error) {
      if (!(error instanceof SampleError)) throw error;
    }
  return images.stat(path, signal);
}
