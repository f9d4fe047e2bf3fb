import { z } from 'zod';
import { RunStopError, UsageError } from '#core/errors.ts';
import { checkLines } from './check-lines.ts';
import type { Cloud } from './cloud.ts';
import { endBeforePaying, endEarly, wait } from './early-end.ts';
import { findImages } from './find-images.ts';
import { imagePlaces, openImages } from './image-places.ts';
import { createLease, type LeaseHolder, leaseName, type OtherRuns } from './lease.ts';
import { makePlan } from './make-plan.ts';
import type { ModelSecret } from './model-secret.ts';
import type { PrepareOutcome } from './prepare-outcome.ts';
import { resolveSpec } from './resolve-spec.ts';
import { placeOf, type RunPlace, runFiles } from './run-place.ts';
import { settleImages } from './settle-images.ts';
import { parseStartInput, type StartInput } from './start-input.ts';
import type { StoredPlan } from './stored-plan.ts';
import { newerUpload } from './superseded.ts';

/** What the state machine hands to prepare, the first time and each time after a wait. */
export const PrepareEvent = z.object({
  executionArn: z.string(),
  runId: z.string(),
  startedAt: z.string(),
  input: z.unknown(),
  /** Seconds waited so far. */
  waited: z.number(),
});
export type PrepareEvent = z.infer<typeof PrepareEvent>;

export interface PrepareContext {
  readonly cloud: Cloud;
  readonly secret: ModelSecret;
  readonly version: string;
  readonly isRunning: (executionArn: string) => Promise<boolean>;
  remainingMs(): number;
}

/** A look at the lease at first and at most: each is some events of an execution's history, which holds 25,000. */
const LEASE_EVERY_S = { first: 30, most: 300 };

/** Everything between an upload and its first paid call. What cannot be run is an outcome with a cause; what is thrown is tried again. */
export async function prepareRun(event: unknown, context: PrepareContext): Promise<PrepareOutcome> {
  const parsed = PrepareEvent.parse(event);
  try {
    const start = parseStartInput(parsed.input);
    const outcome = await prepare({ ...context, event: parsed, start, place: placeOf(start.input, parsed.runId) });
    context.cloud.log.info('prepare', { run: parsed.runId, ...outcome });
    return outcome;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof RunStopError)) throw error;
    context.cloud.log.warn('cannot run', { run: parsed.runId, cause: error.message });
    return { status: 'failed', error: 'CannotRun', cause: error.message };
  }
}

export interface Preparing extends PrepareContext {
  readonly event: PrepareEvent;
  readonly start: StartInput;
  readonly place: RunPlace & { readonly input: { readonly bucket: string; readonly key: string } };
}

async function prepare(preparing: Preparing): Promise<PrepareOutcome> {
  const { cloud, event, start, place } = preparing;
  const lease = leaseOf(preparing);
  const endIfSuperseded = async () => {
    const newer = start.uploaded && (await newerUpload(cloud, place.input, start.uploaded));
    if (newer === undefined) return undefined;
    await lease.release();
    return endEarly(preparing, 'superseded', `superseded: ${newer}; the run of that upload does the work`);
  };
  const before = await endIfSuperseded();
  if (before) return before;
  const holder = start.dry_run ? undefined : await lease.take(othersOf(preparing));
  if (holder !== undefined) return waitFor(holder, preparing);
  const spec = await resolveSpec({
    start,
    input: place.input,
    filesIn: cloud.filesIn,
    secret: cloud.variables.MODEL_KEYS_SECRET,
    modelHosts: cloud.variables.MODEL_HOSTS,
  });
  const places = imagePlaces(spec.settings.data.image_root, spec.imageFolder);
  const checked = await checkLines({ ...preparing, spec, imageBase: places.base });
  if ('later' in checked) return { status: 'incomplete', waitSeconds: 1, waited: event.waited, reason: checked.later };
  if (checked.samples === 0) throw new UsageError(nothingToDo(checked.rejected, start.input));

  const images = openImages(cloud.s3, places, spec.settings.data.max_image_bytes);
  const found = await findImages(images, checked.images, AbortSignal.timeout(Math.max(1, preparing.remainingMs() - 5_000)));
  const unsettled = await settleImages(preparing, found, spec.settings.workflow.max_failure_rate);
  if (unsettled) return unsettled;
  const ended = await endBeforePaying(preparing, spec, checked, found.meanBytes);
  if (ended) {
    await lease.release();
    return ended;
  }
  const plan = await makePlan({ ...preparing, spec, places, checked });
  // Checking many lines took minutes, in which a spec may have come.
  return (await endIfSuperseded()) ?? goOn(cloud, plan);
}

async function waitFor({ run, freeInSeconds }: LeaseHolder, preparing: Preparing): Promise<PrepareOutcome> {
  const { cloud, event } = preparing;
  const what =
    freeInSeconds === undefined
      ? `for run ${run} of the same dataset to end`
      : `until the functions of run ${run} of the same dataset, which was ended from outside, have put their work down`;
  const message = `waiting ${what}: what it pays for is not paid twice`;
  await wait(preparing, message);
  const waitSeconds = freeInSeconds ?? leaseWait(cloud.clock.now() - Date.parse(event.startedAt));
  return { status: 'incomplete', waitSeconds, waited: event.waited, reason: message };
}

/** A tenth of the time that has passed. */
function leaseWait(passedMs: number): number {
  const { first, most } = LEASE_EVERY_S;
  return Math.round(Math.min(most, Math.max(first, passedMs / 10_000)));
}

async function goOn(cloud: Cloud, plan: StoredPlan): Promise<PrepareOutcome> {
  await cloud.runItem(plan.runId).describe({ phase: 'running', total: plan.samples });
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

function othersOf({ cloud, isRunning }: Preparing): OtherRuns {
  const why = 'its execution was ended from outside, and another run of the same dataset waits: start it again, finished work is kept';
  return { isRunning, stop: (runId) => cloud.runItem(runId).stop('interrupted', why) };
}

function leaseOf({ cloud, event, start }: Preparing) {
  return createLease({
    client: cloud.dynamo,
    table: cloud.variables.TABLE,
    name: leaseName(start.input),
    runId: event.runId,
    executionArn: event.executionArn,
    now: () => cloud.clock.now(),
  });
}

function nothingToDo(rejected: number, input: string): string {
  return rejected > 0
    ? `none of the ${rejected} lines of ${input} can be used: failed.jsonl says why, line by line`
    : `${input} has no lines: upload lines of {"image_path":"…","caption":"…"}`;
}
