import { RunStopError, StorageError } from '#core/errors.ts';
import type { StepName } from '#core/ports.ts';
import type { StepLine } from '#run/step-line.ts';
import { createBatchMarks } from './batch-mark.ts';
import { BatchEvent, type BatchOutcome, PutDown } from './batch-outcome.ts';
import type { Cloud } from './cloud.ts';
import { addStepLine, noCounts } from './count-batch.ts';
import type { ManifestLine } from './manifest.ts';
import type { ModelSession } from './model-session.ts';
import { type Part, readPart, writePart } from './part-file.ts';
import { diedLine, takePoison } from './poison.ts';
import { type BatchEnd, settleBatch } from './settle-batch.ts';
import type { StoredPlan } from './stored-plan.ts';

export interface BatchContext {
  readonly cloud: Cloud;
  readonly step: StepName;
  /** Milliseconds this call still has. */
  remainingMs(): number;
  planAt(path: string): Promise<StoredPlan>;
  sessionOf(plan: StoredPlan): ModelSession;
}

/** A longer pause is waited out in a Wait state, which is free. */
const LONG_PAUSE_MS = 20_000;

/** One step of one batch: the code of a local run around the checkpoints, with a part file at its end. */
export async function runBatch(event: unknown, context: BatchContext): Promise<BatchOutcome> {
  const { batch, items, attempt } = BatchEvent.parse(event);
  const { cloud, step } = context;
  if (!batch.steps.includes(step === 'step_0' ? '0' : '1')) return { status: 'ok', settled: 0 };
  const plan = await context.planAt(batch.run.plan);
  const session = context.sessionOf(plan);
  await session.link.refresh();
  const { stopped, pausedUntil } = session.link;
  if (stopped) return { status: 'stop', settled: 0, cause: stopped.message };
  if (pausedUntil - cloud.clock.now() > LONG_PAUSE_MS) return later(0, pausedUntil, cloud);

  const [first] = items as [ManifestLine];
  const place = { bucket: cloud.bucket, prefix: plan.prefix, step, batch: first.n };
  const part = await readPart(place);
  const base = step === 'step_1' && plan.settings.workflow.steps.includes('0') ? await readPart({ ...place, step: 'step_0' }) : undefined;
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
  const poison = await takePoison(marks, attempt);
  for (const item of open) if (poison.died.includes(item.n)) part.set(item.n, await diedLine(item, { cloud, plan, step }));
  if (poison.news) {
    // Its neighbours are left to the next call, which has all its retries before it.
    await writePart(place, items, part);
    await marks.write({ died: poison.died });
    return { status: 'incomplete', settled: 1, waitSeconds: 1 };
  }
  return work({ items, open: open.filter(({ n }) => !part.has(n)), part, place, base, marks, poison, plan, session, context });
}

interface Working {
  readonly items: readonly ManifestLine[];
  readonly open: readonly ManifestLine[];
  readonly part: Part;
  readonly base: Part | undefined;
  readonly place: Parameters<typeof writePart>[0];
  readonly marks: ReturnType<typeof createBatchMarks>;
  readonly poison: Awaited<ReturnType<typeof takePoison>>;
  readonly plan: StoredPlan;
  readonly session: ModelSession;
  readonly context: BatchContext;
}

async function work(working: Working): Promise<BatchOutcome> {
  const { items, open, part, base, place, marks, poison, plan, session, context } = working;
  const { cloud, step } = context;
  const before = part.size;
  const counts = noCounts();
  const onSettled = (line: StepLine) => {
    part.set(line.facts.n, line);
    addStepLine(counts, step, plan, line);
    logLine(cloud, plan, step, line);
    const isLast = line.facts.status === 'failed' || step === (plan.settings.workflow.steps.includes('1') ? 'step_1' : 'step_0');
    if (isLast) session.link.count(line.facts.status === 'failed' ? { failed: 1 } : { done: 1, cached: line.facts.cached ? 1 : 0 });
  };

  const { reason } = await settleAll((renewed) => {
    const left = open.filter(({ n }) => !part.has(n));
    return settleBatch({ items: left, base, plan, session, marks, poison, context, renewed, onSettled });
  });
  if (part.size > before) await writePart(place, items, part);
  // A fault that nobody foresaw is taken for a death: the mark stays, and shows the next attempt which sample it was.
  if (isForeseen(reason)) await (poison.died.length > 0 && reason !== undefined ? marks.write({ died: poison.died }) : marks.clear());
  await session.link.flush();
  const settled = part.size - before;
  cloud.log.count(step, counts);
  cloud.log.info('batch', { run: plan.runId, step, first: place.batch, settled, of: items.length, ended: endOf(reason), ...counts });
  if (reason === undefined) return { status: 'ok', settled };
  if (reason instanceof PutDown) return later(settled, reason.until, cloud);
  if (reason instanceof RunStopError) return { status: 'stop', settled, cause: reason.message };
  throw reason;
}

/** Once more where a refused key was read again and is another one now. */
async function settleAll(settle: (renewed: boolean) => Promise<BatchEnd>): Promise<BatchEnd> {
  const end = await settle(false);
  return end.renewed ? settle(true) : end;
}

function later(settled: number, until: number, { clock }: Cloud): BatchOutcome {
  return { status: 'incomplete', settled, waitSeconds: Math.min(600, Math.max(1, Math.ceil((until - clock.now()) / 1000))) };
}

/** A table or bucket that does not respond is no sample's fault either: the function is called again with all of its samples. */
const isForeseen = (reason: unknown) =>
  reason === undefined || [RunStopError, PutDown, StorageError].some((kind) => reason instanceof kind);

const isDone = (line: StepLine | undefined) => line !== undefined && line.facts.status !== 'failed';

const endOf = (reason: unknown) => (reason === undefined ? 'ok' : reason instanceof Error ? reason.message : String(reason));

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
