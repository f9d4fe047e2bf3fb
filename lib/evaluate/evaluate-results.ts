import { UsageError } from '#core/errors.ts';
import type { OpenResults } from '#results/read-records.ts';
import { createClusters } from './figures/clusters.ts';
import { computeDifferences, computeFigures, type FigureValue } from './figures/figure-values.ts';
import type { Mode } from './matching/match-expressions.ts';
import { type EvaluationCounts, type MeasuredRun, measureRun } from './measure-run.ts';
import type { WorstSample } from './worst-samples.ts';

export interface Evaluation {
  readonly mode: Mode;
  readonly counts: EvaluationCounts;
  readonly figures: readonly FigureValue[];
  readonly worst: readonly WorstSample[];
  /** Common lines of both runs, if there is another run. */
  readonly common?: number;
}

export interface EvaluateOptions {
  readonly results: OpenResults;
  /** Path of the truth file. */
  readonly truth: string;
  /** @default 'auto': by the first result */
  readonly mode?: Mode | 'auto';
  readonly against?: OpenResults;
  /** Seed of the bootstrap. @default 0 */
  readonly seed?: number;
}

/** Compares results with the truth. Throws `UsageError` if they have no line in common. */
export async function evaluateResults({ results, truth, mode = 'auto', against, seed = 0 }: EvaluateOptions): Promise<Evaluation> {
  const clusterOf = createClusters();
  const run = await measureJoined(results, { truth, mode, clusterOf });
  const common = against && (await measureCommon(run, results, against, { truth, mode: run.mode, clusterOf }));
  const figures = computeFigures(run, seed);
  const differences = common && computeDifferences(common.run, common.other, seed);
  return {
    mode: run.mode,
    counts: run.counts,
    figures: figures.map((figure) => {
      const difference = differences?.get(figure.id);
      return difference ? { ...figure, difference } : figure;
    }),
    worst: run.worst,
    ...(common ? { common: common.run.counts.joined } : {}),
  };
}

type Options = Parameters<typeof measureRun>[1];

async function measureJoined(results: OpenResults, options: Options): Promise<MeasuredRun> {
  const run = await measureRun(results, options);
  if (run.counts.joined > 0) return run;
  const quoted = (one: MeasuredRun['firstTruth']) => (one ? JSON.stringify({ image_path: one.imagePath, caption: one.caption }) : 'none');
  throw new UsageError(
    `no result in ${results.location} matches a line of the truth ${options.truth}: image_path and caption must be equal. ` +
      `The first result is ${quoted(run.firstResult)}, the first line of the truth ${quoted(run.firstTruth)}. ` +
      `Name the truth file that was imported together with the run's input`,
  );
}

/** Both runs on their common lines; a run is measured again only if it has other lines too. */
async function measureCommon(run: MeasuredRun, results: OpenResults, against: OpenResults, options: Options) {
  const other = await measureJoined(against, options);
  let shared = 0;
  for (let number = 0; number < run.counts.truthLines; number++) if (run.joined.has(number) && other.joined.has(number)) shared++;
  if (shared === 0) throw new UsageError(`${results.location} and ${against.location} have no line of the truth in common`);
  return {
    run: shared === run.counts.joined ? run : await measureRun(results, { ...options, only: other.joined }),
    other: shared === other.counts.joined ? other : await measureRun(against, { ...options, only: run.joined }),
  };
}
