import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assign } from '#evaluate/matching/assign.ts';

const weights = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })).chain(([rows, columns]) =>
  fc.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: columns, maxLength: columns }), {
    minLength: rows,
    maxLength: rows,
  }),
);

function total(matrix: readonly (readonly number[])[], columns: readonly number[]): number {
  return columns.reduce((sum, column, row) => sum + (column < 0 ? 0 : (matrix[row]?.[column] ?? 0)), 0);
}

/** Tries every pairing. */
function bestTotal(matrix: readonly (readonly number[])[], row = 0, used: ReadonlySet<number> = new Set()): number {
  const current = matrix[row];
  if (current === undefined) return 0;
  let best = bestTotal(matrix, row + 1, used);
  for (const [column, weight] of current.entries())
    if (!used.has(column)) best = Math.max(best, weight + bestTotal(matrix, row + 1, new Set([...used, column])));
  return best;
}

describe('assign', () => {
  it('finds the greatest total weight that trying every pairing finds', () => {
    fc.assert(
      fc.property(weights, (matrix) => {
        expect(total(matrix, assign(matrix))).toBeCloseTo(bestTotal(matrix), 10);
      }),
      { numRuns: 500 },
    );
  });

  it('gives no column to two rows', () => {
    fc.assert(
      fc.property(weights, (matrix) => {
        const used = assign(matrix).filter((column) => column >= 0);
        expect(new Set(used).size).toBe(used.length);
        expect(used.length).toBe(Math.min(matrix.length, matrix[0]?.length ?? 0));
      }),
    );
  });

  it('prefers two good pairs over the one best', () => {
    expect(
      assign([
        [0.9, 0.8],
        [0.8, 0],
      ]),
    ).toEqual([1, 0]);
  });

  it('leaves every row alone where there are no columns', () => {
    expect(assign([[], []])).toEqual([-1, -1]);
  });
});
