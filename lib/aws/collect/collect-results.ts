import { z } from 'zod';
import { FileNotFoundError, type FileStore } from '#core/ports.ts';
import { findLastStep, stepFiles } from '#core/step-names.ts';
import { composeRunFile } from '#output/compose-run-file.ts';
import { createTaoStatus } from '#output/tao/tao-status.ts';
import { createS3Files } from '#storage/s3/s3-files.ts';
import { createLease, leaseName } from '../run-state/lease.ts';
import { type RunPaths, resolveRunPaths, runFiles } from '../run-state/run-paths.ts';
import { readPlan, type StoredPlan, writeStoredText } from '../run-state/stored-plan.ts';
import type { Cloud } from '../runtime/cloud.ts';
import { type CollectContext, CollectEvent } from './collect-context.ts';
import { type CollectedRun, type CollectOutcome, composeCollectOutcome, plainCause } from './collect-outcome.ts';
import { type CollectState, type MergedFacts, readCollectState, writeCollectState } from './collect-state.ts';
import { collectUnprepared } from './collect-unprepared.ts';
import { copyObject } from './copy-object.ts';
import { mergeParts } from './merge-parts.ts';
import { writeRunReport } from './write-run-report.ts';

/** Time reserved to suspend the merge, and time needed to start the report. At most a third of the function's time each. */
const SAVE_MS = 60_000;
const REPORT_MS = 300_000;

/** Merges parts into result files, then writes `run.json` and the report. The last state of every run, also after a failure. */
export async function collectResults(event: unknown, context: CollectContext): Promise<CollectOutcome> {
  const parsed = CollectEvent.parse(event);
  const { cloud } = context;
  const input = z.looseObject({ input: z.string() }).safeParse(parsed.input).data?.input;
  const paths = resolvePathsOrUnknown(input, parsed.runId, cloud.variables.BUCKET);
  const plan = await readPlanIfPresent(cloud.bucket, paths);
  const ended = plan ? await collect({ ...context, event: parsed, plan }) : await collectUnprepared({ ...context, event: parsed, paths });
  const outcome = ended.status === 'failed' ? { ...ended, cause: plainCause(ended.cause) } : ended;
  cloud.log.info('collect', { run: parsed.runId, ...outcome });
  if (outcome.status === 'incomplete') return outcome;
  if (input !== undefined) await release(cloud, parsed, input);
  await cloud.runStateStore(parsed.runId).describe({ phase: outcome.status === 'ok' ? 'finished' : 'failed' });
  return outcome;
}

/** Paths for an invalid input too, so that its `run.json` can give the reason. */
function resolvePathsOrUnknown(input: string | undefined, runId: string, bucket: string): RunPaths {
  try {
    return resolveRunPaths(input ?? '', runId);
  } catch {
    return resolveRunPaths(`s3://${bucket}/inputs/unknown/captions.jsonl`, runId);
  }
}

interface Collecting extends CollectContext {
  readonly event: CollectEvent;
  readonly plan: StoredPlan;
}

async function collect(collecting: Collecting): Promise<CollectOutcome> {
  const { cloud, plan, event, remainingMs } = collecting;
  const total = remainingMs();
  const path = `${plan.prefix}/${runFiles.collectState}`;
  let state: CollectState = await readCollectState(cloud.bucket, path);
  const { stop, notices, calls, spent } = await cloud.runStateStore(plan.runId).read();
  if (state.merged === undefined) {
    const isLate = () => remainingMs() < Math.min(SAVE_MS, total / 3);
    const result = await mergeParts({ cloud, plan, stopped: stop !== undefined, state: state.merge, isLate });
    state = 'merged' in result ? { merged: result.merged } : { merge: result.state };
    await writeCollectState(cloud.bucket, path, state);
  }
  const { merged } = state;
  if (merged === undefined || remainingMs() < Math.min(REPORT_MS, total / 3)) return { status: 'incomplete', waitSeconds: 1 };
  const files = await copyAnnotations(cloud, plan, merged.files);
  const planWithNotices = { ...plan, notices: [...plan.notices, ...notices] };
  const end: CollectedRun = { plan: planWithNotices, merged, stop, failure: event.failure, spent: { calls, usd: spent } };
  await writeRunFile(collecting, end, files);
  await writeRunReport({ cloud, plan, merged, remainingMs });
  return composeCollectOutcome(end, cloud.variables);
}

/** `annotations.jsonl` is a copy of the file of the last step. */
async function copyAnnotations(cloud: Cloud, plan: StoredPlan, files: MergedFacts['files']): Promise<MergedFacts['files']> {
  const last = stepFiles[findLastStep(plan.settings.workflow.steps)];
  const facts = files[last];
  if (facts === undefined) throw new TypeError(`no ${last} was written`);
  const key = (name: string) => `${plan.prefix}/${name}`;
  await copyObject({ client: cloud.s3, bucket: cloud.variables.BUCKET, from: key(last), to: key('annotations.jsonl'), bytes: facts.bytes });
  return { ...files, 'annotations.jsonl': facts };
}

async function writeRunFile({ cloud, version }: Collecting, end: CollectedRun, files: MergedFacts['files']): Promise<void> {
  const { plan, merged, stop, failure, spent } = end;
  const firstPending = Math.min(merged.firstPending ?? Number.POSITIVE_INFINITY, plan.firstUnchosenLine ?? Number.POSITIVE_INFINITY);
  const why = stop ?? (failure.error === undefined ? undefined : { reason: failure.error, message: failure.cause ?? '' });
  const text = composeRunFile({
    runId: plan.runId,
    version,
    status: why === undefined ? 'finished' : 'stopped',
    stop: why,
    settings: plan.settings,
    forcedSince: plan.forcedSince,
    input: { path: plan.input.uri, sha256: plan.input.sha256, lines: plan.input.lines },
    imageBase: plan.imageBase,
    startedAt: plan.startedAt,
    finishedAt: cloud.clock.now(),
    tally: merged.collector.tally,
    spent,
    firstPendingLine: firstPending === Number.POSITIVE_INFINITY ? undefined : firstPending,
    steps: plan.steps,
    files,
    notices: plan.notices,
  });
  await writeStoredText(cloud.bucket, `${plan.prefix}/run.json`, text);
  if (plan.settings.output.compat === 'tao') await writeTaoStatus(cloud, plan, why);
}

/** Writes `status.json` for scripts that wait for TAO's status file. */
async function writeTaoStatus(cloud: Cloud, plan: StoredPlan, why: { readonly message: string } | undefined): Promise<void> {
  const results = createS3Files({ client: cloud.s3, bucket: cloud.variables.BUCKET, prefix: plan.prefix });
  const status = createTaoStatus(results, () => cloud.clock.now());
  await status.started();
  await status.ended(why?.message);
}

async function readPlanIfPresent(bucket: FileStore, paths: RunPaths): Promise<StoredPlan | undefined> {
  try {
    return await readPlan(bucket, `${paths.prefix}/${runFiles.plan}`);
  } catch (error) {
    if (error instanceof FileNotFoundError) return undefined;
    throw error;
  }
}

async function release(cloud: Cloud, { runId, executionArn }: CollectEvent, input: string): Promise<void> {
  const lease = createLease({
    client: cloud.dynamo,
    table: cloud.variables.TABLE,
    name: leaseName(input),
    runId,
    executionArn,
    now: () => cloud.clock.now(),
  });
  await lease.release();
}
