import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { explainWriteError } from '#storage/disk/disk-errors.ts';
import { makeFolder } from '#storage/disk/make-folder.ts';

/** Writes a label file without a sync of its own, since a million of them would need hours: the complete export is atomic. */
export async function writeSmallFile(folder: string, path: string, text: string): Promise<void> {
  const file = join(folder, path);
  try {
    await writeFile(file, text).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      makeFolder(dirname(file));
      await writeFile(file, text);
    });
  } catch (error) {
    throw explainWriteError(error, file);
  }
}
