import { createSeededRandom } from '#core/seeded-random.ts';
import type { MeasuredRun } from '../measure-run.ts';
import type { AveragePrecisions } from './average-precision.ts';
import { bootstrapRatios, computeInterval, drawWeights, type Interval } from './bootstrap.ts';
import type { EvaluationTally } from './evaluation-tally.ts';
import { endToEndOnly, type FigureId, type Population, rankedFigures, ratioFigures } from './figures.ts';

/** A figure with its 95 % interval. */
export interface FigureValue extends Partial<Interval> {
  readonly id: FigureId;
  readonly name: string;
  /** `undefined` if it cannot be computed; `note` is the reason. */
  readonly value: number | undefined;
  /** The denominator: expressions, boxes, or lines for coverage. */
  readonly of: number;
  /** The share of expressions without a usable answer. */
  readonly noAnswer: number;
  readonly note?: string;
  /** The difference from another run, on their common lines. */
  readonly difference?: Difference;
}

export interface Difference extends Partial<Interval> {
  /** This run minus the other. */
  readonly value: number;
}

/** All figures of a run with a denominator above 0. */
export function computeFigures(run: MeasuredRun, seed: number): FigureValue[] {
  const { counts, tally, mode } = run;
  const replicates = bootstrapRatios(tally.sums, tally.sums.clusters, seed);
  const totals = sumTotals(tally);
  const ratios = ratioFigures.flatMap(({ id, name, of }, index): FigureValue[] => {
    const [sum, count] = totals(index);
    if (count === 0 || (mode === 'grounding' && endToEndOnly.has(id))) return [];
    return [
      { id, name, value: sum / count, ...computeInterval(replicates[index] as Float64Array), of: count, noAnswer: unanswered(tally, of) },
    ];
  });
  const coverage: FigureValue = {
    id: 'coverage',
    name: 'lines of the truth with a result',
    value: counts.joined / counts.truthLines,
    of: counts.truthLines,
    noAnswer: counts.failed / counts.joined,
  };
  return [
    ...ratios.filter(({ id }) => id !== 'no_answer'),
    ...computeRanked(run, seed),
    ...ratios.filter(({ id }) => id === 'no_answer'),
    coverage,
  ];
}

function computeRanked({ precision, counts, tally }: MeasuredRun, seed: number): FigureValue[] {
  const values = counts.unscored > 0 ? undefined : precision.compute();
  if (counts.unscored === 0 && values === undefined) return [];
  const replicates = values && bootstrapRanked(precision, tally.sums.clusters, seed);
  return rankedFigures.map(({ id, name, of }) => ({
    id,
    name,
    value: values?.[id],
    ...(replicates && computeInterval(Float64Array.from(replicates, (one) => one?.[id] ?? Number.NaN))),
    of: precision.boxes,
    noAnswer: unanswered(tally, of),
    ...(values === undefined ? { note: `needs a score for every box; ${counts.unscored.toLocaleString('en')} have none` } : {}),
    ...(values && !replicates ? { note: 'too many boxes for an interval' } : {}),
  }));
}

const RANKED_REPLICATES = 200;
/** The limit of boxes: every replicate ranks all of them again, so millions would need minutes. */
const MAX_RANKED_BOXES = 200_000;

function bootstrapRanked(
  precision: MeasuredRun['precision'],
  clusters: number,
  seed: number,
): (AveragePrecisions | undefined)[] | undefined {
  if (precision.boxes > MAX_RANKED_BOXES) return undefined;
  const random = createSeededRandom(seed);
  return Array.from({ length: RANKED_REPLICATES }, () => precision.compute(drawWeights(clusters, random)));
}

/** The difference of two runs measured on the same lines. Both use the same draws, so the intervals are paired. */
export function computeDifferences(run: MeasuredRun, other: MeasuredRun, seed: number): Map<FigureId, Difference> {
  const clusters = Math.max(run.tally.sums.clusters, other.tally.sums.clusters);
  const ours = bootstrapRatios(run.tally.sums, clusters, seed);
  const theirs = bootstrapRatios(other.tally.sums, clusters, seed);
  const differences = new Map<FigureId, Difference>();
  const [totals, otherTotals] = [sumTotals(run.tally), sumTotals(other.tally)];
  for (const [index, { id }] of ratioFigures.entries()) {
    const [sum, count] = totals(index);
    const [otherSum, otherCount] = otherTotals(index);
    if (count === 0 || otherCount === 0) continue;
    const paired = (ours[index] as Float64Array).map((value, replicate) => value - (theirs[index]?.[replicate] ?? Number.NaN));
    differences.set(id, { value: sum / count - otherSum / otherCount, ...computeInterval(paired) });
  }
  if (run.counts.unscored > 0 || other.counts.unscored > 0) return differences;
  const [values, otherValues] = [run.precision.compute(), other.precision.compute()];
  const [ranked, otherRanked] = [bootstrapRanked(run.precision, clusters, seed), bootstrapRanked(other.precision, clusters, seed)];
  for (const { id } of values && otherValues ? rankedFigures : []) {
    const paired =
      ranked &&
      otherRanked &&
      Float64Array.from(ranked, (one, index) => (one?.[id] ?? Number.NaN) - (otherRanked[index]?.[id] ?? Number.NaN));
    differences.set(id, { value: (values?.[id] ?? 0) - (otherValues?.[id] ?? 0), ...(paired && computeInterval(paired)) });
  }
  return differences;
}

function sumTotals({ sums: { values, clusters } }: EvaluationTally): (figure: number) => [number, number] {
  const width = ratioFigures.length * 2;
  return (figure) => {
    let sum = 0;
    let count = 0;
    for (let cluster = 0; cluster < clusters; cluster++) {
      sum += values[cluster * width + figure * 2] ?? 0;
      count += values[cluster * width + figure * 2 + 1] ?? 0;
    }
    return [sum, count];
  };
}

function unanswered({ counts }: EvaluationTally, population: Population): number {
  const { all, unanswered } = counts[population === 'boxes' || population === 'spans' || population === 'samples' ? 'asked' : population];
  return all === 0 ? 0 : unanswered / all;
}
