import { describe, expect, it } from 'vitest';
import type { Box } from '#core/box.ts';
import { matchBoxes } from '#evaluate/matching/match-boxes.ts';

const left: Box = [0, 0, 100, 100];
const right: Box = [200, 0, 300, 100];
/** Shares 80 of 100 rows with `left`. */
const nearLeft: Box = [0, 0, 100, 80];

describe('matchBoxes', () => {
  it('is the plain IoU for one box and one true box', () => {
    expect(matchBoxes([nearLeft], [left])).toEqual({ setIou: 0.8, hits: 1, firstIou: 0.8, mergedIou: 0.8 });
  });

  it('counts a surplus box as 0', () => {
    expect(matchBoxes([nearLeft, right], [left])).toEqual({ setIou: 0.4, hits: 1, firstIou: 0.8, mergedIou: 0.8 });
  });

  it('counts a missing box as 0, and sees only a part of the merged box in the one that is there', () => {
    expect(matchBoxes([nearLeft], [left, right])).toEqual({ setIou: 0.4, hits: 1, firstIou: 0.8, mergedIou: 8000 / 30000 });
  });

  it('pairs boxes so that the most of them fit, not greedily', () => {
    const wide: Box = [0, 0, 160, 100];
    const middle: Box = [0, 0, 130, 100];

    // `wide` fits both true boxes, `left` only the first: greedy would give the first to `wide`'s better half.
    const { hits } = matchBoxes([middle, left], [left, wide]);

    expect(hits).toBe(2);
  });

  it('does not pair two boxes with one true box', () => {
    expect(matchBoxes([left, left], [left]).hits).toBe(1);
  });

  it('judges the first box alone where a published figure does', () => {
    expect(matchBoxes([right, left], [left])).toMatchObject({ firstIou: 0, setIou: 0.5 });
  });

  it('is 0 in everything without a box', () => {
    expect(matchBoxes([], [left])).toEqual({ setIou: 0, hits: 0, firstIou: 0, mergedIou: 0 });
  });
});
