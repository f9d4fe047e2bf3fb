import { addDropped, type DroppedCounts } from '../question.ts';

/** Reads a score in [0,1] with four decimals. Integers from 2 to 100 are percentages. Percentages and invalid scores are counted. */
export function readScore(value: unknown, counts: DroppedCounts): number | null {
  if (value === undefined || value === null) return null;
  const percent = typeof value === 'string' && /%\s*$/.test(value);
  const number = typeof value === 'string' ? Number(value.replace(/%\s*$/, '').trim() || Number.NaN) : value;
  if (typeof number !== 'number' || !(number >= 0 && number <= 100)) return countInvalid(counts);
  if (!percent && number <= 1) return round(number);
  if (!percent && !Number.isInteger(number)) return countInvalid(counts);
  addDropped(counts, 'score_in_percent');
  return round(number / 100);
}

function countInvalid(counts: DroppedCounts): null {
  addDropped(counts, 'score_invalid');
  return null;
}

const round = (score: number) => Math.round(score * 10_000) / 10_000;
