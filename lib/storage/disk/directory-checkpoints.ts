import { existsSync, readdirSync, readFileSync, renameSync, rmSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { opendir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '#core/json.ts';
import { isTooDeep } from '#core/json-depth.ts';
import type { CheckpointStore, StepName } from '#core/ports.ts';
import { stepNames } from '#core/step-names.ts';
import { unreadableCheckpoint } from '#core/unreadable-checkpoint.ts';
import { explainWriteError } from './disk-errors.ts';
import { makeFolder } from './make-folder.ts';

/** Folder of the checkpoints of a step, below the folder of the step. */
export const checkpointFolder = '.ckpt';

/** Schema for files that do not start as this module writes them, because an editor has changed them. */
const CheckpointFile = z.object({ fingerprint: z.string(), body: z.unknown() });
const BEGIN = '{"fingerprint":"';
const MIDDLE = '","body":';

/**
 * Checkpoints as `<step folder>/.ckpt/<sample id>.json` below the results, the latest of each sample and step.
 * `folderName` replaces `.ckpt` for a second set of checkpoints of the same results.
 * Reads and writes are synchronous: for a small file, the thread pool costs more CPU than the file system call.
 */
export function createDirectoryCheckpoints(resultsFolder: string, folderName = checkpointFolder): CheckpointStore {
  const made = new Set<StepName>();
  const folderOf = (step: StepName) => join(resultsFolder, stepNames[step].folder, folderName);
  const pathOf = (sampleId: string, step: StepName) => join(folderOf(step), `${sampleId}.json`);
  const read = (sampleId: string, step: StepName) => readCheckpointFile(pathOf(sampleId, step));

  return {
    async get({ sampleId, step, fingerprint }) {
      const stored = read(sampleId, step);
      return stored?.fingerprint === fingerprint ? stored.body : undefined;
    },
    async latest(sampleId, step) {
      const stored = read(sampleId, step);
      return stored && { sampleId, step, ...stored };
    },
    async put({ sampleId, step, fingerprint, body }) {
      const path = pathOf(sampleId, step);
      try {
        if (!made.has(step)) makeFolder(folderOf(step));
        made.add(step);
        // One draft per process is enough, since no other code runs between these two lines.
        const draft = join(folderOf(step), `.draft-${process.pid}`);
        writeFileSync(draft, `${BEGIN}${fingerprint}${MIDDLE}${body}}\n`);
        renameSync(draft, path);
      } catch (error) {
        requireFile(path, statIfPresent(path)); // a folder at this path fails the sample, not the disk
        throw explainWriteError(error, path);
      }
    },
    locationOf: ({ sampleId, step }) => pathOf(sampleId, step),
  };
}

/** The checkpoint folders of a step: of its results, and of runs with other settings. */
export function checkpointFolders(stepFolder: string): string[] {
  const entries = statIfPresent(stepFolder)?.isDirectory() ? readdirSync(stepFolder, { withFileTypes: true }) : [];
  const names = entries.filter(
    (entry) => entry.isDirectory() && (entry.name === checkpointFolder || entry.name.startsWith(`${checkpointFolder}-`)),
  );
  return names.map(({ name }) => join(stepFolder, name)).sort();
}

/** Moves the checkpoints below `folderName` to the default folder, where they replace checkpoints of the same sample. After a crash, the next call moves the rest. */
export async function promoteCheckpoints(resultsFolder: string, folderName: string): Promise<void> {
  for (const { folder: stepFolder } of Object.values(stepNames)) {
    const from = join(resultsFolder, stepFolder, folderName);
    if (!existsSync(from)) continue;
    const to = join(resultsFolder, stepFolder, checkpointFolder);
    makeFolder(to);
    for await (const { name } of await opendir(from)) if (name.endsWith('.json')) await rename(join(from, name), join(to, name));
    await rm(from, { recursive: true, force: true });
  }
}

/** Removes the checkpoints whose sample id `isWanted`, readable or not, and returns their number. */
export function removeCheckpoints(resultsFolder: string, isWanted: (sampleId: string) => boolean): number {
  let removed = 0;
  const folders = Object.values(stepNames).flatMap((step) => checkpointFolders(join(resultsFolder, step.folder)));
  for (const folder of folders) {
    const names = readdirSync(folder);
    for (const name of names) {
      if (!name.endsWith('.json') || !isWanted(name.slice(0, -'.json'.length))) continue;
      rmSync(join(folder, name), { recursive: true });
      removed++;
    }
  }
  return removed;
}

/** A thousand times the largest checkpoint of a valid sample. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Throws `SampleError` for an unreadable checkpoint. A killed process leaves none, since a file gets its name when it is complete. */
function readCheckpointFile(path: string): { fingerprint: string; body: string } | undefined {
  const found = statIfPresent(path);
  if (found === undefined) return undefined;
  requireFile(path, found);
  if (found.size > MAX_BYTES) throw unreadableCheckpoint(path, `${found.size} bytes`);
  const text = readText(path);
  if (text === undefined) return undefined;
  const checkpoint = parseCheckpoint(text);
  if (checkpoint === undefined) throw unreadableCheckpoint(path, text === '' ? 'an empty file' : 'a damaged file');
  return checkpoint;
}

/** `undefined` if the path does not exist. An exception for each new sample would take ten times as long. */
function statIfPresent(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw unreadableCheckpoint(path, codeOf(error), error);
  }
}

function requireFile(path: string, found: Stats | undefined): void {
  if (found && !found.isFile()) throw unreadableCheckpoint(path, found.isDirectory() ? 'a folder' : 'no regular file');
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadableCheckpoint(path, codeOf(error), error);
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? String(error);

/** A file with the start and end that this module writes is complete. The caller parses its body. */
function parseCheckpoint(text: string): { fingerprint: string; body: string } | undefined {
  const middle = text.indexOf(MIDDLE);
  if (text.startsWith(BEGIN) && middle > 0 && text.endsWith('}\n'))
    return { fingerprint: text.slice(BEGIN.length, middle), body: text.slice(middle + MIDDLE.length, -2) };
  const edited = CheckpointFile.safeParse(isTooDeep(text) ? undefined : parseJson(text)).data;
  return edited && { fingerprint: edited.fingerprint, body: JSON.stringify(edited.body) };
}
