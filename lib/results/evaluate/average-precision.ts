import { type Box, iou } from '#core/box.ts';
import { doubled } from './doubled.ts';

/** As numpy spaces them: the last digit decides whether a recall of 57/100 reaches the point 0.57. */
function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, index) => (index === count - 1 ? stop : index * step + start));
}

/** COCO's thresholds and recalls. */
const thresholds = linspace(0.5, 0.95, 10);
const recalls = linspace(0, 1, 101);
/** COCO keeps so many boxes of an image, here of an expression. */
const MAX_BOXES = 100;

export interface ScoredBoxes {
  readonly boxes: readonly Box[];
  /** One for each box, best first. */
  readonly scores: readonly number[];
}

export interface AveragePrecisions {
  readonly ap: number;
  readonly ap50: number;
  readonly ap75: number;
}

/** Average precision over expressions, each of which is to COCO's evaluation an image with one category. */
export interface PrecisionTally {
  add(cluster: number, found: ScoredBoxes, truth: readonly Box[]): void;
  readonly boxes: number;
  /** `weights[cluster]` says how often each cluster counts; once by default. `undefined` without a true box. */
  compute(weights?: Readonly<Uint16Array>): AveragePrecisions | undefined;
}

/** Six bytes and a score per box, so that millions fit. */
export function createPrecisionTally(): PrecisionTally {
  let scores = new Float64Array(1024);
  let hits = new Uint16Array(1024);
  let clusters = new Uint16Array(1024);
  let boxes = 0;
  const truths: number[] = [];
  let order: Uint32Array | undefined;
  const grow = () => {
    scores = doubled(scores);
    hits = doubled(hits);
    clusters = doubled(clusters);
  };

  return {
    add(cluster, found, truth) {
      truths[cluster] = (truths[cluster] ?? 0) + truth.length;
      const flags = hitFlags(found.boxes.slice(0, MAX_BOXES), truth);
      for (const [index, flag] of flags.entries()) {
        if (boxes === scores.length) grow();
        scores[boxes] = found.scores[index] ?? 0;
        hits[boxes] = flag;
        clusters[boxes++] = cluster;
      }
      order = undefined;
    },
    get boxes() {
      return boxes;
    },
    compute(weights) {
      let wanted = 0;
      for (const [cluster, count = 0] of truths.entries()) wanted += count * (weights?.[cluster] ?? 1);
      if (wanted === 0) return undefined;
      order ??= bestFirst(scores.subarray(0, boxes));
      const precisions = thresholds.map((_, bit) => {
        const curve = { order: order as Uint32Array, scores, hits, clusters, bit, wanted };
        return averagePrecision(curve, weights);
      });
      const ap = precisions.reduce((sum, value) => sum + value, 0) / precisions.length;
      return { ap, ap50: precisions[0] ?? 0, ap75: precisions[5] ?? 0 };
    },
  };
}

/** For each box, a bit for each threshold at which it hits. A box takes the best true box that none before it has taken. Source: pycocotools, `COCOeval.evaluateImg`. */
function hitFlags(found: readonly Box[], truth: readonly Box[]): number[] {
  const flags = found.map(() => 0);
  if (truth.length === 0) return flags;
  const ious = found.map((box) => truth.map((one) => iou(box, one)));
  for (const [bit, threshold] of thresholds.entries()) {
    const taken = new Set<number>();
    for (const [index, row] of ious.entries()) {
      let best = Math.min(threshold, 1 - 1e-10);
      let hit = -1;
      for (const [place, value] of row.entries()) {
        if (taken.has(place) || value < best) continue;
        best = value;
        hit = place;
      }
      if (hit < 0) continue;
      taken.add(hit);
      flags[index] = (flags[index] ?? 0) | (1 << bit);
    }
  }
  return flags;
}

/** Places in descending order of score, equal ones in their own order. Scores repeat (four decimals), so places are dealt out by score. */
function bestFirst(scores: Float64Array): Uint32Array {
  const counts = new Map<number, number>();
  for (const score of scores) counts.set(score, (counts.get(score) ?? 0) + 1);
  const next = new Map<number, number>();
  let start = 0;
  for (const score of Float64Array.from(counts.keys()).sort().reverse()) {
    next.set(score, start);
    start += counts.get(score) ?? 0;
  }
  const order = new Uint32Array(scores.length);
  for (const [place, score] of scores.entries()) {
    const at = next.get(score) ?? 0;
    order[at] = place;
    next.set(score, at + 1);
  }
  return order;
}

interface Curve {
  readonly order: Uint32Array;
  readonly scores: Float64Array;
  readonly hits: Uint16Array;
  readonly clusters: Uint16Array;
  readonly bit: number;
  readonly wanted: number;
}

/**
 * Mean of the precision at 101 recalls, each the best at that recall or beyond. Source: pycocotools, `COCOeval.accumulate`.
 * Boxes of equal score count together, though: models give few different scores, and the order of a file must not decide.
 */
function averagePrecision({ order, scores, hits, clusters, bit, wanted }: Curve, weights?: Readonly<Uint16Array>): number {
  const curve: { recall: number; precision: number }[] = [];
  let right = 0;
  let wrong = 0;
  for (const [rank, place] of order.entries()) {
    const weight = weights ? (weights[clusters[place] ?? 0] ?? 0) : 1;
    if (((hits[place] ?? 0) >> bit) & 1) right += weight;
    else wrong += weight;
    const next = order[rank + 1];
    if (next === undefined || scores[next] !== scores[place])
      curve.push({ recall: right / wanted, precision: right === 0 ? 0 : right / (right + wrong) });
  }
  let best = 0;
  for (const point of curve.toReversed()) {
    best = Math.max(best, point.precision);
    point.precision = best;
  }
  let sum = 0;
  let at = 0;
  for (const recall of recalls) {
    while (at < curve.length && (curve[at]?.recall ?? 0) < recall) at++;
    sum += curve[at]?.precision ?? 0;
  }
  return sum / recalls.length;
}
