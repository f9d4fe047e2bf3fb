import { RunStopError, UsageError } from '#core/errors.ts';
import { openImages, resolveImageRoots } from '../run-state/image-roots.ts';
import { createLease, type LeaseHolder, leaseName, type OtherRuns } from '../run-state/lease.ts';
import { resolveRunPaths, runFiles } from '../run-state/run-paths.ts';
import type { StoredPlan } from '../run-state/stored-plan.ts';
import type { Cloud } from '../runtime/cloud.ts';
import { parseStartInput } from '../start/start-input.ts';
import { newerUpload } from '../start/superseded.ts';
import { checkLines } from './check-lines.ts';
import { endBeforeCalls, endEarly, writeWaiting } from './early-end.ts';
import { findImages } from './find-images.ts';
import { makePlan } from './make-plan.ts';
import { type Preparation, type PrepareContext, PrepareEvent } from './preparation.ts';
import type { PrepareOutcome } from './prepare-outcome.ts';
import { resolveSpec } from './resolve-spec.ts';
import { waitForImages } from './wait-for-images.ts';

/** Seconds between two checks of the lease, at first and at most. Each check adds events to the history of the execution, which holds 25,000. */
const LEASE_EVERY_S = { first: 30, most: 300 };

/** Everything between an upload and its first model call. A run that cannot start is an outcome with a cause; thrown errors are retried. */
export async function prepareRun(event: unknown, context: PrepareContext): Promise<PrepareOutcome> {
  const parsed = PrepareEvent.parse(event);
  try {
    const start = parseStartInput(parsed.input);
    const outcome = await prepare({ ...context, event: parsed, start, paths: resolveRunPaths(start.input, parsed.runId) });
    context.cloud.log.info('prepare', { run: parsed.runId, ...outcome });
    return outcome;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof RunStopError)) throw error;
    context.cloud.log.warn('the run cannot start', { run: parsed.runId, cause: error.message });
    return { status: 'failed', error: 'CannotRun', cause: error.message };
  }
}

async function prepare(preparation: Preparation): Promise<PrepareOutcome> {
  const { cloud, event, start, paths } = preparation;
  const lease = openLease(preparation);
  const endIfSuperseded = async () => {
    const newer = start.uploaded && (await newerUpload(cloud, paths.input, start.uploaded));
    if (newer === undefined) return undefined;
    await lease.release();
    return endEarly(preparation, 'superseded', `superseded: ${newer}; the run of that upload processes the dataset`);
  };
  const before = await endIfSuperseded();
  if (before) return before;
  const holder = start.dry_run ? undefined : await lease.acquire(composeOtherRuns(preparation));
  if (holder !== undefined) return waitForLease(holder, preparation);
  const spec = await resolveSpec({
    start,
    input: paths.input,
    filesIn: cloud.filesIn,
    secret: cloud.variables.MODEL_KEYS_SECRET,
    modelHosts: cloud.variables.MODEL_HOSTS,
  });
  const imageRoots = resolveImageRoots(spec.settings.data.image_root, spec.imageFolder);
  const checked = await checkLines({ ...preparation, spec, imageBase: imageRoots.base });
  if ('later' in checked) return { status: 'incomplete', waitSeconds: 1, waited: event.waited, reason: checked.later };
  if (checked.samples === 0) throw new UsageError(composeEmptyInput(checked.rejected, start.input));

  const images = openImages(cloud.s3, imageRoots, spec.settings.data.max_image_bytes);
  const found = await findImages(images, checked.images, AbortSignal.timeout(Math.max(1, preparation.remainingMs() - 5_000)));
  const waiting = await waitForImages(preparation, found, spec.settings.workflow.max_failure_rate);
  if (waiting) return waiting;
  const ended = await endBeforeCalls(preparation, spec, checked, found.meanBytes);
  if (ended) {
    await lease.release();
    return ended;
  }
  const plan = await makePlan({ ...preparation, spec, imageRoots, checked });
  // Checking many lines takes minutes; meanwhile a spec may have been uploaded.
  return (await endIfSuperseded()) ?? startSteps(cloud, plan);
}

async function waitForLease({ run, freeInSeconds }: LeaseHolder, preparation: Preparation): Promise<PrepareOutcome> {
  const { cloud, event } = preparation;
  const holder = run === undefined ? 'another run' : `run ${run}`;
  const message =
    freeInSeconds === undefined
      ? `waiting until ${holder} of the same dataset ends, so that no model call is billed twice`
      : `waiting until the functions of ${holder} of the same dataset stop: its execution was aborted, and no model call is to be billed twice`;
  await writeWaiting(preparation, message);
  const waitSeconds = freeInSeconds ?? leaseWait(cloud.clock.now() - Date.parse(event.startedAt));
  return { status: 'incomplete', waitSeconds, waited: event.waited, reason: message };
}

/** A tenth of the time since the start, within limits. */
function leaseWait(passedMs: number): number {
  const { first, most } = LEASE_EVERY_S;
  return Math.round(Math.min(most, Math.max(first, passedMs / 10_000)));
}

async function startSteps(cloud: Cloud, plan: StoredPlan): Promise<PrepareOutcome> {
  await cloud.runStateStore(plan.runId).describe({ phase: 'running', total: plan.samples });
  return {
    status: 'ok',
    run: { plan: `${plan.prefix}/${runFiles.plan}` },
    steps: plan.settings.workflow.steps,
    manifestKey: `${plan.prefix}/${runFiles.manifest}`,
    mapResultsPrefix: `${plan.prefix}/${runFiles.mapResults}`,
    maxConcurrency: plan.lambdas,
    batchSize: plan.batchSize,
    samples: plan.samples,
  };
}

function composeOtherRuns({ cloud, isRunning }: Preparation): OtherRuns {
  const why = 'its execution was aborted, and another run of the same dataset waits; fix: start it again, finished work is kept';
  return { isRunning, stop: (runId) => cloud.runStateStore(runId).stop('interrupted', why) };
}

function openLease({ cloud, event, start }: Preparation) {
  return createLease({
    client: cloud.dynamo,
    table: cloud.variables.TABLE,
    name: leaseName(start.input),
    runId: event.runId,
    executionArn: event.executionArn,
    now: () => cloud.clock.now(),
  });
}

function composeEmptyInput(rejected: number, input: string): string {
  return rejected > 0
    ? `none of the ${rejected} lines of ${input} can be used; fix: see the reason for each line in failed.jsonl`
    : `${input} has no lines; fix: upload lines of {"image_path":"…","caption":"…"}`;
}
