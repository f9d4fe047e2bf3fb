import { SampleError } from '#core/errors.ts';
import type { ImageFacts } from '#core/image-facts.ts';
import type { ImageStore } from '#core/ports.ts';
import type { Sample } from '#core/sample.ts';
import type { Settings } from '#core/settings.ts';
import { openSampleImage, type SampleImage } from '#steps/sample-image.ts';

/** Opens the image of a sample for all of its steps. `recorded`: facts that an earlier step measured, which may make a read unnecessary. */
export function openImageOfSample(sample: Sample, images: ImageStore, { data }: Settings, recorded?: ImageFacts): SampleImage {
  const { imageBase, imagePath } = sample;
  const store = imageBase === undefined ? images : resolveAgainstPreviousImageRoot(images, imageBase);
  return openSampleImage(store, imagePath, { maxBytes: data.max_image_bytes, maxPixels: data.max_image_pixels }, recorded);
}

/** A line of `failed.jsonl` states the image root of its run. Images are searched there first, then as for any other line. */
function resolveAgainstPreviousImageRoot(images: ImageStore, root: string): ImageStore {
  const tryBoth = async <T>(access: (imagePath: string) => Promise<T>, imagePath: string): Promise<T> => {
    if (/^(?:\/|[a-z][a-z0-9+.-]*:\/\/)/i.test(imagePath)) return access(imagePath);
    try {
      return await access(`${root.replace(/\/+$/, '')}/${imagePath}`);
    } catch (error) {
      if (!(error instanceof SampleError) || error.code !== 'image_not_found') throw error;
      return access(imagePath);
    }
  };
  return {
    stat: (imagePath, signal) => tryBoth((path) => images.stat(path, signal), imagePath),
    read: (imagePath, signal) => tryBoth((path) => images.read(path, signal), imagePath),
  };
}
