import { createSeededRandom } from '#core/seeded-random.ts';
import { type Sums, sumsWidth } from './evaluation-tally.ts';

/** Bounds of a 95 % interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

const REPLICATES = 1000;

/** How often each of `clusters` is drawn, in as many draws with replacement. */
export function drawWeights(clusters: number, random: () => number, weights = new Uint16Array(clusters)): Uint16Array {
  weights.fill(0);
  for (let draw = 0; draw < clusters; draw++) {
    const cluster = Math.floor(random() * clusters);
    weights[cluster] = (weights[cluster] ?? 0) + 1;
  }
  return weights;
}

/**
 * Values of all ratio figures in each replicate, `[figure][replicate]`; NaN for a denominator of 0.
 * Equal seeds and cluster counts draw the same clusters.
 */
export function bootstrapRatios({ values }: Sums, clusters: number, seed: number): Float64Array[] {
  const random = createSeededRandom(seed);
  const weights = new Uint16Array(clusters);
  const replicates = Array.from({ length: sumsWidth / 2 }, () => new Float64Array(REPLICATES));
  const totals = new Float64Array(sumsWidth);
  for (let replicate = 0; replicate < REPLICATES; replicate++) {
    drawWeights(clusters, random, weights);
    totals.fill(0);
    for (let cluster = 0; cluster < clusters; cluster++) {
      const weight = weights[cluster] ?? 0;
      if (weight === 0) continue;
      const base = cluster * sumsWidth;
      for (let place = 0; place < sumsWidth; place++) totals[place] = (totals[place] ?? 0) + weight * (values[base + place] ?? 0);
    }
    for (const [figure, row] of replicates.entries()) row[replicate] = (totals[figure * 2] ?? 0) / (totals[figure * 2 + 1] ?? 0);
  }
  return replicates;
}

/** The middle 95 % of the replicates; `undefined` if too few of them have a value. */
export function computeInterval(replicates: Readonly<Float64Array>): Interval | undefined {
  const sorted = Float64Array.from(replicates)
    .filter((value) => !Number.isNaN(value))
    .sort();
  if (sorted.length < 40) return undefined;
  return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

function quantile(sorted: Readonly<Float64Array>, share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}
