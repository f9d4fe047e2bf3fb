import { SampleError } from '#core/errors.ts';
import type { ImageStore } from '#core/ports.ts';
import { isAbsoluteReference } from '#core/remote-address.ts';
import type { ImageReference } from './sample-images.ts';

export interface ImagesFound {
  readonly looked: number;
  readonly missing: number;
  /** Why the first of them is missing. */
  readonly first?: string;
  /** Of those found. */
  readonly meanBytes: number;
}

const TOGETHER = 16;

/** Looks for images without reading them. */
export async function findImages(images: ImageStore, wanted: readonly ImageReference[], signal: AbortSignal): Promise<ImagesFound> {
  const sizes: number[] = [];
  const problems = new Map<number, string>();
  const look = async (image: ImageReference, index: number) => {
    try {
      sizes.push((await statImage(images, image, signal)).size);
    } catch (error) {
      if (!(error instanceof SampleError)) throw error;
      problems.set(index, error.message);
    }
  };
  for (let start = 0; start < wanted.length; start += TOGETHER)
    await Promise.all(wanted.slice(start, start + TOGETHER).map((image, index) => look(image, start + index)));
  const first = problems.get(Math.min(...problems.keys()));
  const meanBytes = sizes.length === 0 ? 0 : sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  return { looked: wanted.length, missing: problems.size, ...(first === undefined ? {} : { first }), meanBytes };
}

/** A line of `failed.jsonl` finds its image where its former run looked for it, else as any other line does. */
async function statImage(images: ImageStore, { path, base }: ImageReference, signal: AbortSignal) {
  if (base !== undefined && !isAbsoluteReference(path))
    try {
      return await images.stat(`${base.replace(/\/+$/, '')}/${path}`, signal);
    } catch (error) {
      if (!(error instanceof SampleError)) throw error;
    }
  return images.stat(path, signal);
}
