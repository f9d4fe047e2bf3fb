import type { FileStore } from '#core/ports.ts';
import type { EarlyRunFacts, EarlyRunFile } from '#core/run-file.ts';
import type { RunPaths } from '../run-state/run-paths.ts';
import { writeStoredText } from '../run-state/stored-plan.ts';

/** Status of a run before its first sample, or of a run that ends without samples. */
export type EarlyStatus = Exclude<EarlyRunFile['status'], 'running' | 'finished'>;

export interface EarlyRun {
  readonly bucket: FileStore;
  readonly paths: RunPaths;
  readonly startedAt: string;
  readonly version: string;
  readonly input: string;
}

/** Writes `run.json` of a run before its first sample, or instead of it. `message` has the progress and the next step. */
export async function writeEarlyRunFile(
  { bucket, paths, startedAt, version, input }: EarlyRun,
  status: EarlyStatus,
  message: string,
  facts: EarlyRunFacts = {},
): Promise<void> {
  const run: EarlyRunFile = { run_id: paths.runId, version, status, message, input, started_at: startedAt, ...facts };
  await writeStoredText(bucket, `${paths.prefix}/run.json`, `${JSON.stringify(run, null, 2)}\n`);
}
