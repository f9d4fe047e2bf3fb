import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { CheckpointStore, StepName } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import { explainWriteError } from '#storage/disk/disk-errors.ts';

/** A run with `workflow.force_reprocess` ignores the checkpoints of earlier runs. After a kill, the same command uses its own checkpoints. */
export interface ForcedRun {
  /** For the first of several equal lines. Its repeats use the store itself, which then holds the new reply. */
  readonly checkpoints: CheckpointStore;
  /** Ends the run: the next forced run starts anew. */
  finish(): void;
}

/** Starts or resumes a forced run. `journalPath`: the file that lists its completed steps. */
export function startForcedRun(checkpoints: CheckpointStore, settings: Settings, journalPath: string): ForcedRun {
  const run = createHash('sha256').update(JSON.stringify(settings)).digest('hex');
  const [journalRun, ...lines] = readLines(journalPath);
  const completed = new Set(journalRun === run ? lines : []);
  if (journalRun !== run) writeFileSync(journalPath, `${run}\n`);
  const entryOf = (step: StepName, sampleId: string) => `${step} ${sampleId}`;
  return {
    checkpoints: {
      get: async (key) => (completed.has(entryOf(key.step, key.sampleId)) ? checkpoints.get(key) : undefined),
      latest: async (sampleId, step) => (completed.has(entryOf(step, sampleId)) ? checkpoints.latest(sampleId, step) : undefined),
      async put(checkpoint) {
        await checkpoints.put(checkpoint);
        try {
          appendFileSync(journalPath, `${entryOf(checkpoint.step, checkpoint.sampleId)}\n`);
        } catch (error) {
          throw explainWriteError(error, journalPath);
        }
      },
      locationOf: (key) => checkpoints.locationOf(key),
    },
    finish: () => rmSync(journalPath, { force: true }),
  };
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
