import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { opendir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { CheckpointStore, StepName } from '#core/ports.ts';
import { explainWriteError } from './disk-errors.ts';
import { makeFolder } from './make-folder.ts';

/** Folder of each step below the results. */
export const stepFolders: Readonly<Record<StepName, string>> = { step_0: 'step_0_expression_extraction', step_1: 'step_1_grounding' };

/** Folder of a step's checkpoints, below the step's own. */
export const checkpointFolder = '.ckpt';

/** Read by zod only where the text does not begin as we write it: someone's editor has been there. */
const CheckpointFile = z.object({ fingerprint: z.string(), body: z.unknown() });
const BEGIN = '{"fingerprint":"';
const MIDDLE = '","body":';

/**
 * Checkpoints as `<step folder>/.ckpt/<sample id>.json` below the results, the latest of each sample and step.
 * `folderName` replaces `.ckpt` for a second set of checkpoints of the same results.
 * Reads and writes are synchronous: a checkpoint is small, and a trip through the thread pool costs more CPU than the call itself.
 */
export function createDirectoryCheckpoints(resultsFolder: string, folderName = checkpointFolder): CheckpointStore {
  const made = new Set<StepName>();
  const folderOf = (step: StepName) => join(resultsFolder, stepFolders[step], folderName);
  const pathOf = (sampleId: string, step: StepName) => join(folderOf(step), `${sampleId}.json`);
  const read = (sampleId: string, step: StepName) => parseCheckpoint(readText(pathOf(sampleId, step)));

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
        // One draft a process is enough: nothing runs between these two lines.
        const draft = join(folderOf(step), `.draft-${process.pid}`);
        writeFileSync(draft, `${BEGIN}${fingerprint}${MIDDLE}${body}}\n`);
        renameSync(draft, path);
      } catch (error) {
        throw explainWriteError(error, path);
      }
    },
  };
}

/** Moves the checkpoints below `folderName` to the usual place, where they replace those of the same sample. A crash in between leaves the rest to the next call. */
export async function promoteCheckpoints(resultsFolder: string, folderName: string): Promise<void> {
  for (const stepFolder of Object.values(stepFolders)) {
    const from = join(resultsFolder, stepFolder, folderName);
    if (!existsSync(from)) continue;
    const to = join(resultsFolder, stepFolder, checkpointFolder);
    makeFolder(to);
    for await (const { name } of await opendir(from)) if (name.endsWith('.json')) await rename(join(from, name), join(to, name));
    await rm(from, { recursive: true, force: true });
  }
}

function readText(path: string): string | undefined {
  if (!existsSync(path)) return undefined; // an error is made ten times slower than this
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A damaged checkpoint is none: what it held is asked again. One that begins and ends as we write it is whole; its body is read by who asked for it. */
function parseCheckpoint(text: string | undefined): { fingerprint: string; body: string } | undefined {
  if (text === undefined) return undefined;
  const middle = text.indexOf(MIDDLE);
  if (text.startsWith(BEGIN) && middle > 0 && text.endsWith('}\n'))
    return { fingerprint: text.slice(BEGIN.length, middle), body: text.slice(middle + MIDDLE.length, -2) };
  const edited = CheckpointFile.safeParse(parseJson(text)).data;
  return edited && { fingerprint: edited.fingerprint, body: JSON.stringify(edited.body) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
