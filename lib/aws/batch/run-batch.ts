import { RunStopError, StorageError } from '#core/errors.ts';
import type { StepName } from '#core/ports.ts';
import { findLastStep, stepNames } from '#core/step-names.ts';
import type { StepLine } from '#output/step-line.ts';
import type { ManifestLine } from '../run-state/manifest.ts';
import { type Part, type PartLocation, readPart, writePart } from '../run-state/part-file.ts';
import type { StoredPlan } from '../run-state/stored-plan.ts';
import type { Cloud } from '../runtime/cloud.ts';
import type { Batch, BatchContext } from './batch-context.ts';
import { createBatchMarks } from './batch-mark.ts';
import { BatchEvent, type BatchOutcome, Suspend } from './batch-outcome.ts';
import { addStepLine, noCounts } from './count-batch.ts';
import { composeCrashedLine, detectCrashingSample } from './crash-isolation.ts';
import { processBatch } from './process-batch.ts';

/** A longer pause becomes a Wait state, which is free. */
const LONG_PAUSE_MS = 20_000;

/** Runs one step of one batch: reads the part file of earlier calls, processes the other lines, and writes the part file. */
export async function runBatch(event: unknown, context: BatchContext): Promise<BatchOutcome> {
  const { batch: source, items, attempt } = BatchEvent.parse(event);
  const { cloud, step } = context;
  if (!source.steps.includes(stepNames[step].spec)) return { status: 'ok', settled: 0 };
  const plan = await context.planAt(source.run.plan);
  const session = context.sessionOf(plan);
  await session.coordinator.refresh();
  const { stopped, pausedUntil } = session.coordinator;
  if (stopped) return { status: 'stop', settled: 0, cause: stopped.message };
  if (pausedUntil - cloud.clock.now() > LONG_PAUSE_MS) return composeIncomplete(0, pausedUntil, cloud);

  const [first] = items as [ManifestLine];
  const location = { bucket: cloud.bucket, prefix: plan.prefix, step, batch: first.n };
  const part = await readPart(location);
  const base =
    step === 'step_1' && plan.settings.workflow.steps.includes('0') ? await readPart({ ...location, step: 'step_0' }) : undefined;
  const open = items.filter(({ n }) => !part.has(n) && (base === undefined || isDone(base.get(n))));
  if (open.length === 0) return { status: 'ok', settled: 0 };

  const marks = createBatchMarks({
    client: cloud.dynamo,
    table: cloud.variables.TABLE,
    runId: plan.runId,
    step,
    batch: first.n,
    now: () => cloud.clock.now(),
  });
  const isolation = await detectCrashingSample(marks, attempt);
  for (const item of open)
    if (isolation.crashedLines.includes(item.n)) part.set(item.n, await composeCrashedLine(item, { cloud, plan, step }));
  if (isolation.isNewCrash) {
    // The other lines are left to the next call, which has all of its retries.
    await writePart(location, items, part);
    await marks.write({ crashedLines: isolation.crashedLines });
    return { status: 'incomplete', settled: 1, waitSeconds: 1 };
  }
  return processOpenLines({ context, plan, session, base, marks, isolation }, { items, open, part, location });
}

interface BatchLines {
  /** All lines of the batch. */
  readonly items: readonly ManifestLine[];
  /** Lines without a result from an earlier call. */
  readonly open: readonly ManifestLine[];
  /** The results so far, by line number. Results of this call are added. */
  readonly part: Part;
  readonly location: PartLocation;
}

async function processOpenLines(batch: Batch, { items, open, part, location }: BatchLines): Promise<BatchOutcome> {
  const { plan, session, context } = batch;
  const { cloud, step } = context;
  const before = part.size;
  const counts = noCounts();
  const lastStep = findLastStep(plan.settings.workflow.steps);
  const onCompleted = (line: StepLine) => {
    part.set(line.facts.n, line);
    addStepLine(counts, step, plan, line);
    logLine(cloud, plan, step, line);
    if (line.facts.status === 'failed') session.coordinator.count({ failed: 1 });
    else if (step === lastStep) session.coordinator.count({ done: 1, cached: line.facts.cached ? 1 : 0 });
  };
  const processOnce = (isKeyRenewed: boolean) =>
    processBatch(batch, { items: open.filter(({ n }) => !part.has(n)), isKeyRenewed, onCompleted });
  const end = await processOnce(false);
  const { reason } = end.isKeyRenewed ? await processOnce(true) : end;
  if (part.size > before) await writePart(location, items, part);
  await clearMarks(batch, reason);
  await session.coordinator.flush();
  const completed = part.size - before;
  cloud.log.count(step, counts);
  cloud.log.info('batch', {
    run: plan.runId,
    step,
    first: location.batch,
    settled: completed,
    of: items.length,
    ended: describeEnd(reason),
    ...counts,
  });
  if (reason === undefined) return { status: 'ok', settled: completed };
  if (reason instanceof Suspend) return composeIncomplete(completed, reason.until, cloud);
  if (reason instanceof RunStopError) return { status: 'stop', settled: completed, cause: reason.message };
  throw reason;
}

/** Clears the mark of this call, except after an unexpected error. That counts as a crash: the mark stays, and the next attempt isolates the sample. */
async function clearMarks({ marks, isolation }: Batch, reason: unknown): Promise<void> {
  const { crashedLines } = isolation;
  if (reason === undefined || (isExpected(reason) && crashedLines.length === 0)) await marks.clear();
  else if (isExpected(reason)) await marks.write({ crashedLines });
}

function composeIncomplete(completed: number, until: number, { clock }: Cloud): BatchOutcome {
  return { status: 'incomplete', settled: completed, waitSeconds: Math.min(600, Math.max(1, Math.ceil((until - clock.now()) / 1000))) };
}

/** Ends that no sample caused. After a storage error the function is called again with all of its samples. */
const isExpected = (reason: unknown) => [RunStopError, Suspend, StorageError].some((kind) => reason instanceof kind);

const isDone = (line: StepLine | undefined) => line !== undefined && line.facts.status !== 'failed';

const describeEnd = (reason: unknown) => (reason === undefined ? 'ok' : reason instanceof Error ? reason.message : String(reason));

/** Logs every failed sample; successful samples at debug level only. */
function logLine({ log }: Cloud, { runId }: StoredPlan, step: StepName, { facts, text }: StepLine): void {
  const common = { run: runId, step, line: facts.n, sample: facts.id };
  if (facts.status !== 'failed') {
    log.debug('sample', { ...common, cached: facts.cached, calls: facts.usage?.calls ?? 0 });
    return;
  }
  const { message } = (JSON.parse(text) as { _groundline: { message: string } })._groundline;
  log.warn('sample failed', { ...common, code: facts.code, reason: message });
}
