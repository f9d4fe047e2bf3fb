import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UsageError } from '#core/errors.ts';
import { createDirectoryFiles, type DirectoryFiles } from '#storage/disk/directory-files.ts';
import { explainWriteError } from '#storage/disk/disk-errors.ts';
import { makeFolder } from '#storage/disk/make-folder.ts';

/** Marks a folder as an export, with its origin. The file is hidden, so that no loader reads it as data. */
export const exportNote = '.groundline-export.json';

/** An export in progress; `finish` makes it visible as a complete folder or file. */
export interface ExportFolder {
  readonly files: DirectoryFiles;
  /** Moves the folder, or only the file `only` of it, to its destination. */
  finish(only?: string): Promise<void>;
  /** Removes everything. */
  abandon(): Promise<void>;
}

/**
 * Prepares a folder next to `out`. Throws `UsageError` if `out` must not be replaced:
 * without `force` any file or folder, with `force` anything but an earlier export.
 */
export async function openExportFolder(out: string, { force, isFile }: { force: boolean; isFile: boolean }): Promise<ExportFolder> {
  const place = resolve(out);
  const replaced = await checkPlace(place, force, isFile);
  const draft = join(dirname(place), `.draft-${process.pid}-${basename(place)}`);
  await explained(rm(draft, { recursive: true, force: true }), place);
  await explained(makeDraft(draft), place);
  const abandon = () => rm(draft, { recursive: true, force: true });
  return {
    files: createDirectoryFiles(draft),
    async finish(only) {
      if (only !== undefined) {
        await explained(rename(join(draft, only), place), place);
        await abandon();
        return;
      }
      const old = `${draft}-old`;
      if (replaced) await explained(rename(place, old), place);
      await explained(rename(draft, place), place);
      await rm(old, { recursive: true, force: true });
    },
    abandon,
  };
}

async function makeDraft(draft: string): Promise<void> {
  makeFolder(draft);
}

/** Whether there is something to replace. */
async function checkPlace(place: string, force: boolean, isFile: boolean): Promise<boolean> {
  const found = await lstat(place).catch(() => undefined);
  if (found === undefined) return false;
  if (!found.isDirectory()) {
    if (!isFile) throw new UsageError(`${place} is a file, but this export is a folder; choose another --out`);
    if (!force) throw new UsageError(`${place} exists already; choose another --out, or replace it with --force`);
    return true;
  }
  if (isFile) throw new UsageError(`${place} is a folder, but this export is one file; choose another --out`);
  const names = await readdir(place);
  if (names.length === 0) return true;
  if (!names.includes(exportNote))
    throw new UsageError(`${place} is a folder with other files in it, which an export never replaces; choose another --out`);
  if (!force) throw new UsageError(`${place} holds an earlier export; choose another --out, or replace it with --force`);
  return true;
}

async function explained<T>(work: Promise<T>, place: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw explainWriteError(error, place);
  }
}
