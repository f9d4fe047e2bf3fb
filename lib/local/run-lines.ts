import { join } from 'node:path';
import type { ImageStore, StepName } from '#core/ports.ts';
import { createGivenNotices } from '#input/notice-given-expressions.ts';
import { type LineResult, listLineSteps } from '#output/line-result.ts';
import type { ResultCollector } from '#output/result-collector.ts';
import type { ResultFiles } from '#output/result-files.ts';
import { countLine, type RunTally } from '#output/run-tally.ts';
import { createConcurrencyLimit } from './concurrency.ts';
import type { EarlierFailures } from './earlier-failures.ts';
import { createOrderedWriter } from './ordered-writer.ts';
import { processLines } from './process-lines.ts';
import type { ActiveRun } from './run-context.ts';
import type { RunSteps } from './run-steps.ts';

/** Bytes of images in memory from which on fewer samples are started. */
const IMAGE_BYTES = 96_000_000;
const REPORTED_EVERY_MS = 100;

/** The state that a run writes while it processes its lines. */
interface LineWriting {
  readonly files: ResultFiles;
  readonly collector: ResultCollector;
  readonly steps: RunSteps;
  /** Counts lines in the order of completion. */
  readonly progress: RunTally;
  /** Counts completed lines in input order, as they are written. */
  readonly completed: Record<StepName, number>;
  readonly earlierFailures: EarlierFailures | undefined;
}

/** Processes all lines of a run and writes their results in input order. Returns the number of the first pending line, if any. */
export async function runLines(
  active: ActiveRun,
  images: ImageStore,
  { files, collector, steps, progress, completed, earlierFailures }: LineWriting,
): Promise<number | undefined> {
  const { run, output, gate, plan } = active;
  const report = createProgressReporter(active, progress);
  const notices = createGivenNotices();
  const emit = async (line: LineResult) => {
    try {
      await files.write(collector.add(line));
      for (const [name, { facts }] of listLineSteps(line)) if (facts.status !== 'failed') completed[name]++;
    } catch (error) {
      gate.stop(error, 0);
      throw error;
    }
  };
  const order = createOrderedWriter({ emit, spillPath: join(output.results.folder, `.spill-${process.pid}`) });
  const workers = run.settings.workflow.max_workers;
  try {
    const firstPending = await processLines(plan, {
      images,
      order,
      gate,
      concurrency: createConcurrencyLimit({ least: workers, most: 2 * workers + 4, bytes: IMAGE_BYTES }),
      clock: run.clock,
      processSample: steps.processSample,
      onRead(line) {
        notices.add(line);
        return earlierFailures?.seen(line);
      },
      onCompleted(line) {
        countLine(progress, line);
        report();
      },
    });
    for (const failure of earlierFailures?.rest() ?? []) await emit(failure);
    report(true);
    for (const message of notices.messages) output.notice(message);
    return firstPending;
  } finally {
    order.close();
  }
}

/** Reports progress at most ten times a second: a cached line takes less time than its report. */
function createProgressReporter({ run, output, plan, budget }: ActiveRun, tally: RunTally): (always?: boolean) => void {
  const { onProgress } = output;
  let reportedAt = Number.NEGATIVE_INFINITY;
  return (always = false) => {
    const now = run.clock.now();
    if (!onProgress || (!always && now - reportedAt < REPORTED_EVERY_MS)) return;
    reportedAt = now;
    const { done, failed, cached } = tally;
    onProgress({ total: plan.choice.size, done, failed, cached, costUsd: budget.usd });
  };
}
