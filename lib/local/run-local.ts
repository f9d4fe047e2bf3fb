import { join } from 'node:path';
import type { Clock, ImageStore, StepName } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import { listStepNames, stepFiles } from '#core/step-names.ts';
import { createGivenNotices } from '#input/notice-given-expressions.ts';
import type { ModelConnections } from '#models/connect.ts';
import type { AttemptMiddleware } from '#models/language-model.ts';
import { type LineResult, listLineSteps } from '#output/line-result.ts';
import { createResultCollector, type ResultCollector } from '#output/result-collector.ts';
import { openResultFiles, type ResultFiles, stoppedFolder } from '#output/result-files.ts';
import { countLine, createRunTally, type RunTally } from '#output/run-tally.ts';
import { createTaoStatus } from '#output/tao/tao-status.ts';
import { type Budget, createBudget } from '#pipeline/budget.ts';
import { type CallGate, createCallGate } from '#pipeline/call-gate.ts';
import { composeModelFacts } from '#pipeline/model-facts.ts';
import { createDirectoryFiles, type DirectoryFiles } from '#storage/disk/directory-files.ts';
import { clearLeftovers } from './clear-leftovers.ts';
import { createConcurrencyLimit } from './concurrency.ts';
import { type EarlierFailures, readEarlierFailures } from './earlier-failures.ts';
import { lockResults } from './lock-results.ts';
import { createOrderedWriter } from './ordered-writer.ts';
import { processLines } from './process-lines.ts';
import type { CompletedLines } from './results-in-place.ts';
import type { RunCheckpoints } from './run-checkpoints.ts';
import { keepRunFile } from './run-file-keeper.ts';
import { planRun, type RunPlan } from './run-plan.ts';
import { prepareSteps, type RunSteps } from './run-steps.ts';
import { createSpendingLedger, readSpending, type SpendingLedger } from './spending-file.ts';

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
  /** Opens the models; every attempt of every call has to go through `attemptMiddleware`. */
  readonly connect: (attemptMiddleware: AttemptMiddleware, signal: AbortSignal) => Promise<ModelConnections>;
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
const REPORTED_EVERY_MS = 100;
const NOTED_EVERY_MS = 5_000;

/** `stopped` = why a run ended early; what was done by then is in its files. */
export interface LocalRunEnd {
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
export async function runLocal(options: RunLocalOptions): Promise<LocalRunEnd> {
  const { settings, results, signal } = options;
  const lock = await lockResults(results.folder);
  try {
    clearLeftovers(results.folder, lock.deadProcess);
    const plan = await planRun(settings, results);
    const budget = createBudget(settings.workflow.budget_usd, options.wallClock, await readSpending(results));
    const ledger = createSpendingLedger(results, budget);
    const gate = createCallGate({ clock: options.clock, limit: () => budget.exceeded() });
    const attemptMiddleware: AttemptMiddleware = (send, model) =>
      gate.attempt(async () => {
        await ledger.open();
        const reply = await send();
        budget.add(model, reply.usage);
        return reply;
      });
    const interrupt = () => gate.stop(signal.reason, 10_000);
    if (signal.aborted) interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
    try {
      if (gate.stopped) throw gate.stopped.reason;
      const connections = await options.connect(attemptMiddleware, gate.signal);
      budget.requirePrices(Object.values(composeModelFacts(connections, settings)));
      return await run({ ...options, plan, gate, connections, budget, ledger });
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
  readonly budget: Budget;
  readonly ledger: SpendingLedger;
}

async function run(running: Running): Promise<LocalRunEnd> {
  const { settings, results, plan, gate, checkpoints, ledger } = running;
  const holdsResults = Object.keys(plan.inPlace).length > 0;
  const target = holdsResults ? createDirectoryFiles(join(results.folder, stoppedFolder)) : results;
  const steps = prepareSteps(running);
  const collector = createResultCollector(settings);
  const earlierFailures = plan.input.kind === 'step_0' ? await readEarlierFailures(results) : undefined;
  const progress = createRunTally();
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
    const firstPending = await processAllLines(running, { files, collector, steps, progress, completed, earlierFailures });
    const { tally } = collector.state;
    isInPlace = await keeper.finish(files, {
      tally,
      completed: completedLines(settings, completed),
      firstPending,
      earlierFailures: earlierFailures?.count ?? 0,
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
  const byFile = listStepNames(workflow.steps).map((step) => [stepFiles[step], completed[step]] as const);
  return Object.fromEntries([...byFile, ['annotations.jsonl', byFile.at(-1)?.[1] ?? 0]]);
}

interface LineProcessing {
  readonly files: ResultFiles;
  readonly collector: ResultCollector;
  readonly steps: RunSteps;
  readonly progress: RunTally;
  readonly completed: Record<StepName, number>;
  readonly earlierFailures: EarlierFailures | undefined;
}

async function processAllLines(
  running: Running,
  { files, collector, steps, progress, completed, earlierFailures }: LineProcessing,
): Promise<number | undefined> {
  const { settings, results, gate, plan } = running;
  const report = createProgressReporter(running, progress);
  const notes = createGivenNotices();
  const emit = async (line: LineResult) => {
    try {
      await files.write(collector.add(line));
      for (const [name, { facts }] of listLineSteps(line)) if (facts.status !== 'failed') completed[name]++;
    } catch (error) {
      gate.stop(error, 0);
      throw error;
    }
  };
  const order = createOrderedWriter({ emit, spillPath: join(results.folder, `.spill-${process.pid}`) });
  const workers = settings.workflow.max_workers;
  try {
    const firstPending = await processLines({
      ...running,
      images: running.images(plan.inputFolder),
      order,
      concurrency: createConcurrencyLimit({ least: workers, most: 2 * workers + 4, bytes: IMAGE_BYTES }),
      processSample: steps.processSample,
      onRead(line) {
        notes.add(line);
        return earlierFailures?.seen(line);
      },
      onCompleted(line) {
        countLine(progress, line);
        report();
      },
    });
    for (const failure of earlierFailures?.rest() ?? []) await emit(failure);
    report(true);
    for (const message of notes.messages) running.notice(message);
    return firstPending;
  } finally {
    order.close();
  }
}

/** Progress a few times a second: a line that is at hand takes less time than saying so. */
function createProgressReporter({ onProgress, clock, plan, budget }: Running, tally: RunTally): (always?: boolean) => void {
  let reportedAt = Number.NEGATIVE_INFINITY;
  return (always = false) => {
    const now = clock.now();
    if (!onProgress || (!always && now - reportedAt < REPORTED_EVERY_MS)) return;
    reportedAt = now;
    const { done, failed, cached } = tally;
    const costUsd = budget.usd;
    onProgress({ total: plan.choice.size, done, failed, cached, ...(costUsd === undefined ? {} : { costUsd }) });
  };
}
