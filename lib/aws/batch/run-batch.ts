import { RunStopError, StorageError } from '#core/errors.ts';
import type { StepName } from '#core/ports.ts';
import { findLastStep, stepNames } from '#core/step-names.ts';
import type { StepLine } from '#output/step-line.ts';
import type { ManifestLine } from '../run-state/manifest.ts';
import { type Part, readPart, writePart } from '../run-state/part-file.ts';
import type { StoredPlan } from '../run-state/stored-plan.ts';
import type { Cloud } from '../runtime/cloud.ts';
import type { BatchContext } from './batch-context.ts';
import { createBatchMarks } from './batch-mark.ts';
import { BatchEvent, type BatchOutcome, Suspend } from './batch-outcome.ts';
import { addStepLine, noCounts } from './count-batch.ts';
import { composeCrashedLine, detectCrashingSample } from './crash-isolation.ts';
import type { ModelSession } from './model-session.ts';
import { type BatchEnd, processBatch } from './process-batch.ts';

/** A longer pause is waited out in a Wait state, which is free. */
const LONG_PAUSE_MS = 20_000;

/** One step of one batch: the code of a local run around the checkpoints, with a part file at its end. */
export async function runBatch(event: unknown, context: BatchContext): Promise<BatchOutcome> {
  const { batch, items, attempt } = BatchEvent.parse(event);
  const { cloud, step } = context;
  if (!batch.steps.includes(stepNames[step].spec)) return { status: 'ok', settled: 0 };
  const plan = await context.planAt(batch.run.plan);
  const session = context.sessionOf(plan);
  await session.coordinator.refresh();
  const { stopped, pausedUntil } = session.coordinator;
  if (stopped) return { status: 'stop', settled: 0, cause: stopped.message };
  if (pausedUntil - cloud.clock.now() > LONG_PAUSE_MS) return composeIncomplete(0, pausedUntil, cloud);

  const [first] = items as [ManifestLine];
  const partLocation = { bucket: cloud.bucket, prefix: plan.prefix, step, batch: first.n };
  const part = await readPart(partLocation);
  const base =
    step === 'step_1' && plan.settings.workflow.steps.includes('0') ? await readPart({ ...partLocation, step: 'step_0' }) : undefined;
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
    // Its neighbours are left to the next call, which has all its retries before it.
    await writePart(partLocation, items, part);
    await marks.write({ crashedLines: isolation.crashedLines });
    return { status: 'incomplete', settled: 1, waitSeconds: 1 };
  }
  return work({ items, open: open.filter(({ n }) => !part.has(n)), part, partLocation, base, marks, isolation, plan, session, context });
}

interface BatchWork {
  readonly items: readonly ManifestLine[];
  readonly open: readonly ManifestLine[];
  readonly part: Part;
  readonly base: Part | undefined;
  readonly partLocation: Parameters<typeof writePart>[0];
  readonly marks: ReturnType<typeof createBatchMarks>;
  readonly isolation: Awaited<ReturnType<typeof detectCrashingSample>>;
  readonly plan: StoredPlan;
  readonly session: ModelSession;
  readonly context: BatchContext;
}

async function work(working: BatchWork): Promise<BatchOutcome> {
  const { items, open, part, base, partLocation, marks, isolation, plan, session, context } = working;
  const { cloud, step } = context;
  const before = part.size;
  const counts = noCounts();
  const onCompleted = (line: StepLine) => {
    part.set(line.facts.n, line);
    addStepLine(counts, step, plan, line);
    logLine(cloud, plan, step, line);
    const isLast = line.facts.status === 'failed' || step === findLastStep(plan.settings.workflow.steps);
    if (isLast) session.coordinator.count(line.facts.status === 'failed' ? { failed: 1 } : { done: 1, cached: line.facts.cached ? 1 : 0 });
  };

  const { reason } = await processWithRenewedKey((renewed) => {
    const left = open.filter(({ n }) => !part.has(n));
    return processBatch({ items: left, base, plan, session, marks, isolation, context, renewed, onCompleted });
  });
  if (part.size > before) await writePart(partLocation, items, part);
  // A fault that nobody foresaw is taken for a death: the mark stays, and shows the next attempt which sample it was.
  if (isForeseen(reason))
    await (isolation.crashedLines.length > 0 && reason !== undefined
      ? marks.write({ crashedLines: isolation.crashedLines })
      : marks.clear());
  await session.coordinator.flush();
  const completed = part.size - before;
  cloud.log.count(step, counts);
  cloud.log.info('batch', {
    run: plan.runId,
    step,
    first: partLocation.batch,
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

/** Once more where a refused key was read again and is another one now. */
async function processWithRenewedKey(processOnce: (renewed: boolean) => Promise<BatchEnd>): Promise<BatchEnd> {
  const end = await processOnce(false);
  return end.renewed ? processOnce(true) : end;
}

function composeIncomplete(completed: number, until: number, { clock }: Cloud): BatchOutcome {
  return { status: 'incomplete', settled: completed, waitSeconds: Math.min(600, Math.max(1, Math.ceil((until - clock.now()) / 1000))) };
}

/** A table or bucket that does not respond is no sample's fault either: the function is called again with all of its samples. */
const isForeseen = (reason: unknown) =>
  reason === undefined || [RunStopError, Suspend, StorageError].some((kind) => reason instanceof kind);

const isDone = (line: StepLine | undefined) => line !== undefined && line.facts.status !== 'failed';

const describeEnd = (reason: unknown) => (reason === undefined ? 'ok' : reason instanceof Error ? reason.message : String(reason));

/** One line per failure; samples that went well are said only when asked for. */
function logLine({ log }: Cloud, { runId }: StoredPlan, step: StepName, { facts, text }: StepLine): void {
  const common = { run: runId, step, line: facts.n, sample: facts.id };
  if (facts.status !== 'failed') {
    log.debug('sample', { ...common, cached: facts.cached, calls: facts.usage?.calls ?? 0 });
    return;
  }
  const { message } = (JSON.parse(text) as { _groundline: { message: string } })._groundline;
  log.warn('sample failed', { ...common, code: facts.code, reason: message });
}
