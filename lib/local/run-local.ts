import { join } from 'node:path';
import { RunStopError } from '#core/errors.ts';
import type { StepName } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import { listStepNames, stepFiles } from '#core/step-names.ts';
import type { AttemptMiddleware } from '#models/language-model.ts';
import { createResultCollector } from '#output/result-collector.ts';
import { openResultFiles, stoppedFolder } from '#output/result-files.ts';
import { createRunTally } from '#output/run-tally.ts';
import { createTaoStatus } from '#output/tao/tao-status.ts';
import { createBudget } from '#pipeline/budget.ts';
import { createCallGate } from '#pipeline/call-gate.ts';
import { composeModelFacts } from '#pipeline/model-facts.ts';
import { createDirectoryFiles, type DirectoryFiles } from '#storage/disk/directory-files.ts';
import { clearLeftovers } from './clear-leftovers.ts';
import { readEarlierFailures } from './earlier-failures.ts';
import { lockResults } from './lock-results.ts';
import type { CompletedLines } from './results-in-place.ts';
import type { ActiveRun, ModelContext, OutputContext, RunContext } from './run-context.ts';
import { keepRunFile } from './run-file-keeper.ts';
import { runLines } from './run-lines.ts';
import { planRun } from './run-plan.ts';
import { prepareSteps } from './run-steps.ts';
import { createSpendingLedger, readSpending } from './spending-file.ts';

/** How long calls in flight may take after an interrupt. */
const GRACE_MS = 10_000;
const NOTED_EVERY_MS = 5_000;

/** The end of a run. */
export interface LocalRunEnd {
  /** The folder with the result files of this run: the results folder, or `stopped/` in it where the results in place hold more completed lines. */
  readonly results: DirectoryFiles;
  /** Completed lines of the results that stay in place, where this run has fewer. */
  readonly kept?: number | undefined;
  /** The reason why the run ended early, if it did. */
  readonly stopped?: { readonly reason: unknown } | undefined;
}

/**
 * Runs a spec in a results folder: all lines through their steps, then the result files in input order.
 * They replace the files in place only if they hold at least as many completed lines.
 * After an early end (a signal, a stop, a budget) the files hold the finished work, and `run.json` lists the pending lines.
 * Throws `UsageError` where the run could not start or write, or the reason of a stop before the first line.
 */
export async function runLocal(run: RunContext, model: ModelContext, output: OutputContext): Promise<LocalRunEnd> {
  const { settings, signal, clock, wallClock } = run;
  const { results } = output;
  const lock = await lockResults(results.folder);
  try {
    clearLeftovers(results.folder, lock.deadProcess);
    const plan = await planRun(settings, results);
    const budget = createBudget(settings.workflow.budget_usd, wallClock, await readSpending(results));
    const ledger = createSpendingLedger(results, budget);
    const gate = createCallGate({ clock, limit: () => budget.exceeded() });
    const attemptMiddleware: AttemptMiddleware = (send, billedModel) =>
      gate.attempt(async () => {
        await ledger.open();
        const reply = await send().catch((error: unknown) => {
          if (error instanceof RunStopError) gate.stop(error, GRACE_MS); // before the pacer starts the next call
          throw error;
        });
        budget.add(billedModel, reply.usage);
        return reply;
      });
    const interrupt = () => gate.stop(signal.reason, GRACE_MS);
    if (signal.aborted) interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
    try {
      if (gate.stopped) throw gate.stopped.reason;
      const connections = await model.connect(attemptMiddleware, gate.signal);
      budget.requirePrices(Object.values(composeModelFacts(connections, settings)));
      return await writeResults({ run, output, plan, gate, connections, budget, ledger }, model);
    } finally {
      signal.removeEventListener('abort', interrupt);
      await ledger.close();
    }
  } finally {
    lock.release();
  }
}

async function writeResults(active: ActiveRun, { images }: ModelContext): Promise<LocalRunEnd> {
  const { run, output, plan, gate, ledger } = active;
  const { settings } = run;
  const { results, checkpoints } = output;
  const holdsResults = Object.keys(plan.inPlace).length > 0;
  const target = holdsResults ? createDirectoryFiles(join(results.folder, stoppedFolder)) : results;
  const steps = prepareSteps(active);
  const collector = createResultCollector(settings);
  const earlierFailures = plan.input.kind === 'step_0' ? await readEarlierFailures(results) : undefined;
  const progress = createRunTally();
  const completed: Record<StepName, number> = { step_0: 0, step_1: 0 };
  const keeper = keepRunFile(active, { target, progress, steps: steps.facts });
  const status = settings.output.compat === 'tao' ? createTaoStatus(results, run.wallClock) : undefined;
  await keeper.begin();
  await status?.started();
  const files = await openResultFiles(target, settings.workflow.steps);
  const beat = setInterval(() => {
    void keeper.note();
    void ledger.note();
  }, NOTED_EVERY_MS).unref();
  let isInPlace: boolean;
  try {
    const writing = { files, collector, steps, progress, completed, earlierFailures };
    const firstPending = await runLines(active, images(plan.inputFolder), writing);
    const { tally } = collector.state;
    isInPlace = await keeper.finish(files, {
      tally,
      completed: countByFile(settings, completed),
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
  if (!gate.stopped) steps.finish();
  return {
    results: isInPlace ? results : target,
    kept: isInPlace ? undefined : Math.max(...Object.values(plan.inPlace)),
    stopped: gate.stopped,
  };
}

/** Completed lines by result file; `annotations.jsonl` is a copy of the last step's file. */
function countByFile({ workflow }: Settings, completed: Readonly<Record<StepName, number>>): CompletedLines {
  const byFile = listStepNames(workflow.steps).map((step) => [stepFiles[step], completed[step]] as const);
  return Object.fromEntries([...byFile, ['annotations.jsonl', byFile.at(-1)?.[1] ?? 0]]);
}
