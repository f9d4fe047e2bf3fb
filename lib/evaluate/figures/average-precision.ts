import { type Box, iou } from '#core/box.ts';
import { grow } from './grow.ts';
import { type Ranking, rankBoxes } from './rank-boxes.ts';

/** Recall points with numpy's spacing: the last digit decides whether a recall of 57/100 reaches the point 0.57. */
function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, index) => (index === count - 1 ? stop : index * step + start));
}

/** COCO's thresholds and recalls. */
const thresholds = linspace(0.5, 0.95, 10);
const recalls = linspace(0, 1, 101);
/** COCO's limit of boxes per image, here per expression. */
const MAX_BOXES = 100;

export interface ScoredBoxes {
  readonly boxes: readonly Box[];
  /** One per box, best first. */
  readonly scores: readonly number[];
}

export interface AveragePrecisions {
  readonly ap: number;
  readonly ap50: number;
  readonly ap75: number;
}

/** Average precision over expressions. Each of them is, in COCO's evaluation, an image with one category. */
export interface PrecisionTally {
  add(cluster: number, found: ScoredBoxes, truth: readonly Box[]): void;
  readonly boxes: number;
  /** `weights[cluster]` is the number of draws of each cluster, 1 by default. `undefined` without a true box. */
  compute(weights?: Readonly<Uint16Array>): AveragePrecisions | undefined;
}

/** About twelve bytes per box, so that millions fit. */
export function createPrecisionTally(): PrecisionTally {
  let scores = new Float64Array(1024);
  let hits = new Uint16Array(1024);
  let clusters = new Uint16Array(1024);
  let boxes = 0;
  const truths: number[] = [];
  let ranked: Ranked | undefined;
  const growAll = () => {
    scores = grow(scores);
    hits = grow(hits);
    clusters = grow(clusters);
  };

  return {
    add(cluster, found, truth) {
      truths[cluster] = (truths[cluster] ?? 0) + truth.length;
      const flags = hitFlags(found.boxes.slice(0, MAX_BOXES), truth);
      for (const [index, flag] of flags.entries()) {
        if (boxes === scores.length) growAll();
        scores[boxes] = found.scores[index] ?? 0;
        hits[boxes] = flag;
        clusters[boxes++] = cluster;
      }
      ranked = undefined;
    },
    get boxes() {
      return boxes;
    },
    compute(weights) {
      let wanted = 0;
      for (let cluster = 0; cluster < truths.length; cluster++) wanted += (truths[cluster] ?? 0) * (weights?.[cluster] ?? 1);
      if (wanted === 0) return undefined;
      ranked ??= withRoom(rankBoxes(scores.subarray(0, boxes), hits, clusters));
      const precisions = averagePrecisions(ranked, wanted, weights);
      const ap = precisions.reduce((sum, value) => sum + value, 0) / precisions.length;
      return { ap, ap50: precisions[0] ?? 0, ap75: precisions[5] ?? 0 };
    },
  };
}

/**
 * For each box, one bit per threshold that it reaches. A box is paired with the best true box that no earlier box has.
 * Source: pycocotools, `COCOeval.evaluateImg`.
 */
function hitFlags(found: readonly Box[], truth: readonly Box[]): number[] {
  const flags = found.map(() => 0);
  if (truth.length === 0) return flags;
  const ious = found.map((box) => truth.map((one) => iou(box, one)));
  if (found.length === 1) {
    const best = Math.max(...(ious[0] ?? []));
    return [(1 << thresholds.filter((threshold) => best >= threshold).length) - 1];
  }
  for (const [bit, threshold] of thresholds.entries()) {
    const used = new Set<number>();
    for (const [index, row] of ious.entries()) {
      let best = Math.min(threshold, 1 - 1e-10);
      let hit = -1;
      for (const [place, value] of row.entries()) {
        if (used.has(place) || value < best) continue;
        best = value;
        hit = place;
      }
      if (hit < 0) continue;
      used.add(hit);
      flags[index] = (flags[index] ?? 0) | (1 << bit);
    }
  }
  return flags;
}

/** Buffers for the computation, since a bootstrap repeats it hundreds of times: right boxes by group and threshold, all boxes, precisions. */
interface Ranked extends Ranking {
  readonly rights: Float64Array;
  readonly alls: Float64Array;
  readonly precision: Float64Array;
}

function withRoom(ranking: Ranking): Ranked {
  const groups = ranking.ends.length;
  const [rights, alls, precision] = [groups * thresholds.length, groups, groups + 1].map((length) => new Float64Array(length));
  return { ...ranking, rights, alls, precision } as Ranked;
}

/**
 * For each threshold, the mean precision at 101 recalls: each is the best at that recall or beyond. Source: pycocotools, `COCOeval.accumulate`.
 * Boxes of equal score count together, though: models give few different scores, and the file's order must not decide.
 */
function averagePrecisions(ranked: Ranked, wanted: number, weights?: Readonly<Uint16Array>): number[] {
  const { hits, clusters, ends, rights, alls, precision } = ranked;
  const groups = ends.length;
  const width = thresholds.length;
  const upTo = new Float64Array(width + 1);
  const scattered = new Float64Array(width);
  let all = 0;
  let box = 0;
  for (let group = 0; group < groups; group++) {
    for (const end = ends[group] ?? 0; box < end; box++) {
      const weight = weights ? (weights[clusters[box] ?? 0] ?? 0) : 1;
      const flags = hits[box] ?? 0;
      all += weight;
      // most boxes hit at all thresholds up to one, so one addition replaces ten
      if ((flags & (flags + 1)) === 0) upTo[32 - Math.clz32(flags)] = (upTo[32 - Math.clz32(flags)] ?? 0) + weight;
      else for (let bit = 0; bit < width; bit++) if ((flags >> bit) & 1) scattered[bit] = (scattered[bit] ?? 0) + weight;
    }
    alls[group] = all;
    for (let bit = width - 1, right = 0; bit >= 0; bit--) {
      right += upTo[bit + 1] ?? 0;
      rights[group * width + bit] = right + (scattered[bit] ?? 0);
    }
  }
  return thresholds.map((_, bit) => {
    for (let group = groups - 1; group >= 0; group--)
      precision[group] = Math.max(precision[group + 1] ?? 0, (rights[group * width + bit] ?? 0) / Math.max(1, alls[group] ?? 0));
    let sum = 0;
    let group = 0;
    for (const recall of recalls) {
      while (group < groups && (rights[group * width + bit] ?? 0) / wanted < recall) group++;
      sum += precision[group] ?? 0;
    }
    return sum / recalls.length;
  });
}
