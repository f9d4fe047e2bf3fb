import { constants, copyFile, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UsageError } from '#core/errors.ts';
import { createPathIndex } from '#core/path-index.ts';
import { measureImage } from '#images/measure-image.ts';
import { locateImage } from '#results/locate-image.ts';
import { explainWriteError } from '#storage/disk/disk-errors.ts';
import { makeFolder } from '#storage/disk/make-folder.ts';

export type PlaceImages = 'copy' | 'link';

/** Copies or links the images of an export into it, a few at a time. */
export interface ImagePlacer {
  /** Resolves when the next one can start. Throws `UsageError` if this image or an earlier one failed. */
  place(image: PlacedImage): Promise<void>;
  /** Resolves when all are done. */
  finish(): Promise<void>;
}

interface PlacedImage {
  readonly line: number;
  readonly imagePath: string;
  /** The destination, relative to the export. */
  readonly target: string;
  readonly orientation: number;
}

const AT_ONCE = 4;

/** `copy` turns images upright and copies upright ones byte by byte; `link` links to the unchanged files. */
export function createImagePlacer(how: PlaceImages, folder: string, bases: readonly string[]): ImagePlacer {
  const placed = createPathIndex();
  const working = new Set<Promise<void>>();
  let failure: unknown;

  async function placeOne({ line, imagePath, target, orientation }: PlacedImage): Promise<void> {
    const source = await findSource(line, imagePath, bases);
    const path = join(folder, target);
    try {
      makeFolder(dirname(path));
      if (how === 'link') await symlink(source, path);
      else if (orientation > 1) await copyUpright(source, path);
      else await copyFile(source, path, constants.COPYFILE_FICLONE);
    } catch (error) {
      throw explainWriteError(error, path);
    }
  }

  return {
    async place(image) {
      if (failure !== undefined) throw failure;
      if (!placed.add(image.target).isNew) return;
      const work = placeOne(image).catch((error: unknown) => {
        failure ??= error;
      });
      working.add(work);
      void work.then(() => working.delete(work));
      if (working.size >= AT_ONCE) await Promise.race(working);
    },
    async finish() {
      await Promise.all(working);
      if (failure !== undefined) throw failure;
    },
  };
}

/** The file of an image. Throws `UsageError` with the searched folders. */
export async function findSource(line: number, imagePath: string, bases: readonly string[]): Promise<string> {
  if (/^(s3|https?):\/\//i.test(imagePath))
    throw new UsageError(
      `the image of line ${line} is at ${imagePath}: fetch the images first and name their folder with --images-root, or export without --copy-images and --link-images`,
    );
  return await locateImage(imagePath, bases).catch(() => {
    throw new UsageError(
      `the image "${imagePath}" of line ${line} is missing (searched below ${[...new Set(bases)].join(', ')}); name the folder where image paths begin with --images-root`,
    );
  });
}

/** Size and orientation from the image itself, for records without a size. The size is upright. */
export async function measureSource(line: number, imagePath: string, bases: readonly string[]) {
  const bytes = await readFile(await findSource(line, imagePath, bases));
  try {
    return measureImage(bytes, { maxBytes: Number.POSITIVE_INFINITY, maxPixels: Number.POSITIVE_INFINITY });
  } catch (error) {
    throw new UsageError(
      `line ${line} has no width and height, and the size of its image "${imagePath}" cannot be read: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** Near lossless and upright, with its colour profile and without an orientation tag. */
async function copyUpright(source: string, path: string): Promise<void> {
  const { default: sharp } = await import('sharp');
  await sharp(source, { failOn: 'none' })
    .autoOrient()
    .keepIccProfile()
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4', force: false })
    .webp({ quality: 95, force: false })
    .toFile(path);
}
