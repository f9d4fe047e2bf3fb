import { createSeededRandom } from '#core/seeded-random.ts';
import type { Settings } from '#core/settings.ts';

/** The lines of an input that a run processes, counted from 0 without blank ones. */
export interface LineChoice {
  readonly size: number;
  /** No line from this index on is chosen. */
  readonly end: number;
  has(index: number): boolean;
}

/** Chooses the first `limit` lines, or `sample` random ones of them. Equal seeds and inputs choose equal lines. */
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
