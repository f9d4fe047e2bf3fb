import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SampleError } from '#core/errors.ts';
import type { ImageStore } from '#core/ports.ts';
import { localPictureLink } from './local-picture-link.ts';
import type { PictureLink } from './report-data.ts';

export interface LocalPictures {
  readonly images: ImageStore;
  linkTo(imagePath: string): Promise<PictureLink | undefined>;
}

/** Pictures on this disk for a report in `folder`. A relative `image_path` is looked for below each of `bases`, the first that has it wins. */
export function findLocalPictures(folder: string, bases: readonly string[]): LocalPictures {
  async function locate(imagePath: string): Promise<string> {
    for (const candidate of candidates(imagePath, bases)) if ((await sizeAndTime(candidate)) !== undefined) return candidate;
    throw new SampleError('image_not_found', `no image ${imagePath} below ${bases.join(', ')}`);
  }
  return {
    images: {
      async stat(imagePath) {
        const { size, mtimeMs } = await stat(await locate(imagePath));
        return { size, stamp: String(mtimeMs) };
      },
      read: async (imagePath, signal) => await readFile(await locate(imagePath), { signal }),
    },
    async linkTo(imagePath) {
      const file = await locate(imagePath).catch(() => undefined);
      return file === undefined ? undefined : localPictureLink(folder, file);
    },
  };
}

function candidates(imagePath: string, bases: readonly string[]): string[] {
  if (imagePath.startsWith('file:')) return [fileURLToPath(imagePath)];
  if (isAbsolute(imagePath)) return [imagePath];
  return bases.map((base) => resolve(base, imagePath));
}

async function sizeAndTime(file: string) {
  const found = await stat(file).catch(() => undefined);
  return found?.isFile() ? found : undefined;
}
