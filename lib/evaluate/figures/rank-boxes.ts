/** Boxes from the best score on; `ends[group]` is the start of the next lower score. */
export interface Ranking {
  readonly hits: Uint16Array;
  readonly clusters: Uint16Array;
  readonly ends: Uint32Array;
}

/** Scores repeat (four decimals), so boxes are distributed by score instead of sorted. */
export function rankBoxes(scores: Float64Array, hits: Uint16Array, clusters: Uint16Array): Ranking {
  const counts = new Map<number, number>();
  for (const score of scores) counts.set(score, (counts.get(score) ?? 0) + 1);
  const distinct = Float64Array.from(counts.keys()).sort().reverse();
  const next = new Map<number, number>();
  const ends = new Uint32Array(distinct.length);
  let start = 0;
  for (const [group, score] of distinct.entries()) {
    next.set(score, start);
    start += counts.get(score) ?? 0;
    ends[group] = start;
  }
  const ranked = {
    hits: new Uint16Array(scores.length),
    clusters: new Uint16Array(scores.length),
    ends,
  };
  for (let box = 0; box < scores.length; box++) {
    const score = scores[box] ?? 0;
    const at = next.get(score) ?? 0;
    next.set(score, at + 1);
    ranked.hits[at] = hits[box] ?? 0;
    ranked.clusters[at] = clusters[box] ?? 0;
  }
  return ranked;
}
