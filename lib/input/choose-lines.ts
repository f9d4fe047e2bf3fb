import { createSeededRandom } from '#core/seeded-random.ts';
import type { Settings } from '#core/settings.ts';

/** Which lines of an input a run takes, counted from 0 without blank ones. */
export interface LineChoice {
  readonly size: number;
  /** Nothing is chosen from here on. */
  readonly end: number;
  has(index: number): boolean;
}

/** The first `limit` lines, or `sample` of them drawn with the seed: equal seeds and inputs draw equal lines. */
export function chooseLines({ limit, sample, seed }: Pick<Settings['workflow'], 'limit' | 'sample' | 'seed'>, lines: number): LineChoice {
  const end = Math.min(lines, limit ?? lines);
  if (sample === undefined || sample >= end) return { size: end, end, has: (index) => index < end };
  const drawn = drawIndices(sample, end, seed);
  return { size: sample, end, has: (index) => drawn.has(index) };
}

/** Floyd's algorithm: `count` different numbers below `end`, in memory for `count` of them. */
function drawIndices(count: number, end: number, seed: number): Set<number> {
  const next = createSeededRandom(seed);
  const drawn = new Set<number>();
  for (let top = end - count; top < end; top++) {
    const pick = Math.floor(next() * (top + 1));
    drawn.add(drawn.has(pick) ? top : pick);
  }
  return drawn;
}
