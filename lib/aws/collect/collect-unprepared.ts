import { z } from 'zod';
import { FileNotFoundError } from '#core/ports.ts';
import { writeEarlyRunFile } from '../prepare/early-run-file.ts';
import { openJsonLines } from '../run-state/json-cursor.ts';
import { openUpload } from '../run-state/resumable-upload.ts';
import { type RunPaths, runFiles } from '../run-state/run-paths.ts';
import type { CollectContext, CollectEvent } from './collect-context.ts';
import { type CollectOutcome, readableCause } from './collect-outcome.ts';

export interface UnpreparedRun extends CollectContext {
  readonly event: CollectEvent;
  readonly paths: RunPaths;
}

const RefusedLine = z.object({ failure: z.object({ text: z.string() }) });

/** Ends a run without a plan: `run.json` has the reason, `failed.jsonl` the lines refused so far. */
export async function collectUnprepared({ cloud, event, paths, version }: UnpreparedRun): Promise<CollectOutcome> {
  const { BUCKET: bucket } = cloud.variables;
  const key = `${paths.prefix}/failed.jsonl`;
  const upload = await openUpload({ client: cloud.s3, bucket, key, tailKey: `${key}.tail` });
  let failed = 0;
  try {
    const refused = await openJsonLines(cloud.bucket, `${paths.prefix}/${runFiles.rejected}`, RefusedLine, 0);
    for (; refused.value; await refused.next(), failed++) await upload.write(`${refused.value.failure.text}\n`);
  } catch (error) {
    if (!(error instanceof FileNotFoundError)) throw error;
  }
  await upload.close();
  const error = event.failure.error ?? 'RunFailed';
  const cause = readableCause(event.failure.cause) || 'the run could not be prepared';
  const input = z.looseObject({ input: z.string() }).safeParse(event.input).data?.input ?? '';
  const run = { bucket: cloud.bucket, paths, startedAt: event.startedAt, version, input };
  await writeEarlyRunFile(run, 'stopped', cause, { stop: { reason: error, message: cause }, counts: { done: 0, failed } });
  return { status: 'failed', error, cause, failed, results: `s3://${bucket}/${paths.prefix}/` };
}
