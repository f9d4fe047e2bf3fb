import { z } from 'zod';
import { FileNotFoundError, type FileStore } from '#core/ports.ts';
import { FileFacts } from '#core/run-file.ts';
import type { CollectorState } from '#output/result-collector.ts';
import { UploadState } from '../run-state/resumable-upload.ts';
import { readStoredText, writeStoredText } from '../run-state/stored-plan.ts';

const count = z.int().nonnegative();

/** State of a suspended merge: offsets in the manifest and the refused lines, the counts, and the open uploads. */
export const MergeState = z.object({
  manifestOffset: count,
  refusedOffset: count,
  collector: z.custom<CollectorState>((value) => typeof value === 'object' && value !== null),
  firstPending: z.int().positive().optional(),
  uploads: z.record(z.string(), UploadState),
});
export type MergeState = z.infer<typeof MergeState>;

/** Facts about the merged files, needed by the work after the merge. */
export const MergedFacts = z.object({
  collector: z.custom<CollectorState>((value) => typeof value === 'object' && value !== null),
  firstPending: z.int().positive().optional(),
  files: z.record(z.string(), FileFacts),
});
export type MergedFacts = z.infer<typeof MergedFacts>;

export const CollectState = z.object({ merge: MergeState.optional(), merged: MergedFacts.optional() });
export type CollectState = z.infer<typeof CollectState>;

export async function readCollectState(bucket: FileStore, path: string): Promise<CollectState> {
  try {
    return CollectState.parse(JSON.parse(await readStoredText(bucket, path)));
  } catch (error) {
    if (error instanceof FileNotFoundError) return {};
    throw error;
  }
}

export async function writeCollectState(bucket: FileStore, path: string, state: CollectState): Promise<void> {
  await writeStoredText(bucket, path, JSON.stringify(state));
}
