import { join } from 'node:path';
import type { Clock, ImageStore, StepName } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import type { ModelConnections } from '#models/connect.ts';
import type { AroundAttempt } from '#models/language-model.ts';
import { createDirectoryFiles, type DirectoryFiles } from '#storage/directory-files.ts';
import { createAdmission } from './admission.ts';
import { type CallGate, createCallGate } from './call-gate.ts';
import { type CarriedFailures, readCarriedFailures } from './carried-failures.ts';
import { clearLeftovers } from './clear-leftovers.ts';
import { type Collector, createCollector } from './collect.ts';
import { createInputOrder } from './input-order.ts';
import { lockResults } from './lock-results.ts';
import { noteGiven } from './note-given.ts';
import { openResultFiles, type ResultFiles, stepFiles, stoppedFolder } from './result-files.ts';
import type { CompletedLines } from './results-in-place.ts';
import type { RunCheckpoints } from './run-checkpoints.ts';
import { keepRunFile } from './run-file-keeper.ts';
import { planRun, type RunPlan } from './run-plan.ts';
import { modelFacts, prepareSteps, type RunSteps } from './run-steps.ts';
import { type SettledLine, stepsOf } from './settled-line.ts';
import { createSpending, type Spending } from './spending.ts';
import { createSpendingLedger, readSpending, type SpendingLedger } from './spending-file.ts';
import { takeLines } from './take-lines.ts';
import { count, emptyTally, type Tally } from './tally.ts';
import { createTaoStatus } from './tao-status.ts';

/** Where a run stands. */
export interface RunProgress {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly cached: number;
  readonly costUsd?: number;
}

export interface RunLocalOptions {
  readonly settings: Settings;
  /** Of this program, for `run.json`. */
  readonly version: string;
  readonly runId: string;
  readonly results: DirectoryFiles;
  readonly checkpoints: RunCheckpoints;
  /** Put the results in place even if those in place hold more completed lines. */
  readonly replace: boolean;
  readonly images: (inputFolder: string) => ImageStore;
  /** Opens the models; every attempt of every call has to go through `attempt`. */
  readonly connect: (attempt: AroundAttempt, signal: AbortSignal) => Promise<ModelConnections>;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  /** One line for the user. */
  readonly notice: (message: string) => void;
  /** What the user was told, for `run.json`. */
  readonly notices: readonly string[];
  readonly onProgress?: (progress: RunProgress) => void;
  /** Aborted to stop early: what is done is kept. */
  readonly signal: AbortSignal;
}

/** Bytes of images that samples under way may hold before fewer of them are. */
const IMAGE_BYTES = 96_000_000;
const SAID_EVERY_MS = 100;
const NOTED_EVERY_MS = 5_000;

/** `stopped` = why a run ended early; what was done by then is in its files. */
export interface RunEnd {
  /** Where the result files of this run are: the results folder, or `stopped/` in it where that holds more completed lines. */
  readonly results: DirectoryFiles;
  /** Completed lines of the results that stay in place, where this run has fewer. */
  readonly kept?: number;
  readonly stopped?: { readonly reason: unknown };
}

/**
 * Runs a spec in a results folder: every line through its steps, then the result files in input order.
 * They replace those in place only if they hold at least as many completed lines.
 * Whatever ends it early (a signal, a stop, a budget), what is done is in the files and `run.json` says what is not.
 * Throws where nothing could be run or written: a `UsageError`, or the reason of a stop before the first line.
 */
export async function runLocal(options: RunLocalOptions): Promise<RunEnd> {
  const { settings, results, signal } = options;
  const lock = await lockResults(results.folder);
  try {
    clearLeftovers(results.folder, lock.deadProcess);
    const plan = await planRun(settings, results);
    const spending = createSpending(settings.workflow.budget_usd, options.wallClock, await readSpending(results));
    const ledger = createSpendingLedger(results, spending);
    const gate = createCallGate({ clock: options.clock, limit: () => spending.exceeded() });
    const attempt: AroundAttempt = (send, model) =>
      gate.attempt(async () => {
        await ledger.open();
        const reply = await send();
        spending.add(model, reply.usage);
        return reply;
      });
    const interrupt = () => gate.stop(signal.reason, 10_000);
    if (signal.aborted) interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
    try {
      if (gate.stopped) throw gate.stopped.reason;
      const connections = await options.connect(attempt, gate.signal);
      spending.requirePrices(Object.values(modelFacts(connections, settings)));
      return await run({ ...options, plan, gate, connections, spending, ledger });
    } finally {
      signal.removeEventListener('abort', interrupt);
      await ledger.close();
    }
  } finally {
    lock.release();
  }
}

interface Running extends RunLocalOptions {
  readonly plan: RunPlan;
  readonly gate: CallGate;
  readonly connections: ModelConnections;
  readonly spending: Spending;
  readonly ledger: SpendingLedger;
}

async function run(running: Running): Promise<RunEnd> {
  const { settings, results, plan, gate, checkpoints, ledger } = running;
  const holdsResults = Object.keys(plan.inPlace).length > 0;
  const target = holdsResults ? createDirectoryFiles(join(results.folder, stoppedFolder)) : results;
  const steps = prepareSteps(running);
  const collector = createCollector(settings);
  const carried = plan.input.kind === 'step_0' ? await readCarriedFailures(results) : undefined;
  const progress = emptyTally();
  const completed: Record<StepName, number> = { step_0: 0, step_1: 0 };
  const keeper = keepRunFile({ ...running, target, progress, steps: steps.facts });
  const status = settings.output.compat === 'tao' ? createTaoStatus(results, running.wallClock) : undefined;
  await keeper.begin();
  await status?.started();
  const files = await openResultFiles(target, settings.workflow.steps);
  const beat = setInterval(() => {
    void keeper.note();
    void ledger.note();
  }, NOTED_EVERY_MS).unref();
  let isInPlace: boolean;
  try {
    const firstPending = await takeAll(running, { files, collector, steps, progress, completed, carried });
    const { tally } = collector.state;
    isInPlace = await keeper.finish(files, {
      tally,
      completed: completedLines(settings, completed),
      firstPending,
      carried: carried?.count ?? 0,
    });
    if (isInPlace) await checkpoints.promote();
    await status?.ended(gate.stopped?.reason);
  } catch (error) {
    await files.abort();
    throw gate.stopped?.reason ?? error;
  } finally {
    clearInterval(beat);
  }
  const end = isInPlace ? { results } : { results: target, kept: Math.max(...Object.values(plan.inPlace)) };
  if (gate.stopped) return { ...end, stopped: gate.stopped };
  steps.finish();
  return end;
}

/** By result file; `annotations.jsonl` is the last step's. */
function completedLines({ workflow }: Settings, completed: Readonly<Record<StepName, number>>): CompletedLines {
  const byFile = workflow.steps.map((step) => [stepFiles[`step_${step}`], completed[`step_${step}`]] as const);
  return Object.fromEntries([...byFile, ['annotations.jsonl', byFile.at(-1)?.[1] ?? 0]]);
}

interface Taking {
  readonly files: ResultFiles;
  readonly collector: Collector;
  readonly steps: RunSteps;
  readonly progress: Tally;
  readonly completed: Record<StepName, number>;
  readonly carried: CarriedFailures | undefined;
}

async function takeAll(running: Running, { files, collector, steps, progress, completed, carried }: Taking): Promise<number | undefined> {
  const { settings, results, gate, plan } = running;
  const say = createSayer(running, progress);
  const notes = noteGiven();
  const emit = async (line: SettledLine) => {
    try {
      await files.write(collector.add(line));
      for (const [name, { facts }] of stepsOf(line)) if (facts.status !== 'failed') completed[name]++;
    } catch (error) {
      gate.stop(error, 0);
      throw error;
    }
  };
  const order = createInputOrder({ emit, spillPath: join(results.folder, `.spill-${process.pid}`) });
  const workers = settings.workflow.max_workers;
  try {
    const firstPending = await takeLines({
      ...running,
      images: running.images(plan.inputFolder),
      order,
      admission: createAdmission({ least: workers, most: 2 * workers + 4, bytes: IMAGE_BYTES }),
      settle: steps.settle,
      onRead(line) {
        notes.add(line);
        return carried?.seen(line);
      },
      onSettled(line) {
        count(progress, line);
        say();
      },
    });
    for (const failure of carried?.rest() ?? []) await emit(failure);
    say(true);
    for (const message of notes.messages) running.notice(message);
    return firstPending;
  } finally {
    order.close();
  }
}

/** Progress a few times a second: a line that is at hand takes less time than saying so. */
function createSayer({ onProgress, clock, plan, spending }: Running, tally: Tally): (always?: boolean) => void {
  let saidAt = Number.NEGATIVE_INFINITY;
  return (always = false) => {
    const now = clock.now();
    if (!onProgress || (!always && now - saidAt < SAID_EVERY_MS)) return;
    saidAt = now;
    const { done, failed, cached } = tally;
    const costUsd = spending.usd;
    onProgress({ total: plan.choice.size, done, failed, cached, ...(costUsd === undefined ? {} : { costUsd }) });
  };
}
