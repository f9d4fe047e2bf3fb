import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { CheckpointStore, StepName } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import { explainWriteError } from '#storage/disk/disk-errors.ts';

/** `workflow.force_reprocess`: answers at hand are not looked at, but no question is asked twice by it, even when it is killed and run again. */
export interface ForcedRun {
  /** For the first of equal lines; its repeats share the new answer and read the store itself. */
  readonly checkpoints: CheckpointStore;
  /** The run has come to its end: the next forced run asks everything again. */
  finish(): void;
}

/** Notes in `journalPath` what this forced run has asked, so that the same run goes on where it was cut off. */
export function startForcedRun(checkpoints: CheckpointStore, settings: Settings, journalPath: string): ForcedRun {
  const run = createHash('sha256').update(JSON.stringify(settings)).digest('hex');
  const [begun, ...lines] = readLines(journalPath);
  const asked = new Set(begun === run ? lines : []);
  if (begun !== run) writeFileSync(journalPath, `${run}\n`);
  const name = (step: StepName, sampleId: string) => `${step} ${sampleId}`;
  return {
    checkpoints: {
      get: async (key) => (asked.has(name(key.step, key.sampleId)) ? checkpoints.get(key) : undefined),
      latest: async (sampleId, step) => (asked.has(name(step, sampleId)) ? checkpoints.latest(sampleId, step) : undefined),
      async put(checkpoint) {
        await checkpoints.put(checkpoint);
        try {
          appendFileSync(journalPath, `${name(checkpoint.step, checkpoint.sampleId)}\n`);
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
