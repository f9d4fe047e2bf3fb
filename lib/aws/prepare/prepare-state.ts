import { z } from 'zod';
import { FileNotFoundError, type FileStore } from '#core/ports.ts';
import { readStoredText, writeStoredText } from '../run-state/stored-plan.ts';
import { AskedTotals, ValidationState } from './validate-input.ts';

const count = z.int().nonnegative();
const Pinned = z.object({ bucket: z.string(), key: z.string(), version: z.string().optional() });

/** Progress of prepare, which may take several calls: for time, or while it waits for images or the lease. */
export const PrepareState = z.object({
  /** The input, in the version that this run processes. */
  source: Pinned.optional(),
  scan: z.object({ lines: count, sha256: z.string(), bytes: count }).optional(),
  plain: Pinned.optional(),
  validation: ValidationState.optional(),
  validated: z
    .object({
      samples: count,
      rejected: count,
      asked: AskedTotals,
      longestLine: count,
      firstUnchosenLine: z.int().positive().optional(),
      images: z.array(z.object({ path: z.string(), base: z.string().optional() })),
    })
    .optional(),
  /** Whether the last check of the images found some missing. */
  imagesMissing: z.boolean().optional(),
});
export type PrepareState = z.infer<typeof PrepareState>;

export async function readPrepareState(bucket: FileStore, path: string): Promise<PrepareState> {
  try {
    return PrepareState.parse(JSON.parse(await readStoredText(bucket, path)));
  } catch (error) {
    if (error instanceof FileNotFoundError) return {};
    throw error;
  }
}

export async function writePrepareState(bucket: FileStore, path: string, state: PrepareState): Promise<void> {
  await writeStoredText(bucket, path, JSON.stringify(state));
}
