import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { CheckpointStore, StepName } from '#core/ports.ts';
import { explainWriteError } from './disk-errors.ts';
import { makeFolder } from './make-folder.ts';

/** Folder of a step's checkpoints below the results. */
const folders: Readonly<Record<StepName, string>> = {
  step_0: join('step_0_expression_extraction', '.ckpt'),
  step_1: join('step_1_grounding', '.ckpt'),
};

/** Read by zod only where the text does not begin as we write it: someone's editor has been there. */
const CheckpointFile = z.object({ fingerprint: z.string(), body: z.unknown() });
const BEGIN = '{"fingerprint":"';
const MIDDLE = '","body":';

/**
 * Checkpoints as `<step folder>/.ckpt/<sample id>.json` below the results, the latest of each sample and step.
 * Reads and writes are synchronous: a checkpoint is small, and a trip through the thread pool costs more CPU than the call itself.
 */
export function createDirectoryCheckpoints(resultsFolder: string): CheckpointStore {
  const made = new Set<StepName>();
  const pathOf = (sampleId: string, step: StepName) => join(resultsFolder, folders[step], `${sampleId}.json`);
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
        if (!made.has(step)) makeFolder(join(resultsFolder, folders[step]));
        made.add(step);
        // One draft a process is enough: nothing runs between these two lines.
        const draft = join(resultsFolder, folders[step], `.draft-${process.pid}`);
        writeFileSync(draft, `${BEGIN}${fingerprint}${MIDDLE}${body}}\n`);
        renameSync(draft, path);
      } catch (error) {
        throw explainWriteError(error, path);
      }
    },
  };
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
