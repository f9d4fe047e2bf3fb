import { readFile, stat } from 'node:fs/promises';
import type { ImageStore } from '#core/ports.ts';
import { locateImage } from '#results/locate-image.ts';
import { localPictureLink } from './local-picture-link.ts';
import type { PictureLink } from './report-data.ts';

export interface LocalPictures {
  readonly images: ImageStore;
  linkTo(imagePath: string): Promise<PictureLink | undefined>;
}

/** Local pictures for a report in `folder`. A relative `image_path` is searched below each of `bases`; the first match wins. */
export function findLocalPictures(folder: string, bases: readonly string[]): LocalPictures {
  return {
    images: {
      async stat(imagePath) {
        const { size, mtimeMs } = await stat(await locateImage(imagePath, bases));
        return { size, stamp: String(mtimeMs) };
      },
      read: async (imagePath, signal) => await readFile(await locateImage(imagePath, bases), { signal }),
    },
    async linkTo(imagePath) {
      const file = await locateImage(imagePath, bases).catch(() => undefined);
      return file === undefined ? undefined : localPictureLink(folder, file);
    },
  };
}
