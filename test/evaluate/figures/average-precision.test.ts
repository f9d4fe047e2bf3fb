import { describe, expect, it } from 'vitest';
import type { Box } from '#core/box.ts';
import { createPrecisionTally } from '#evaluate/figures/average-precision.ts';

const square: Box = [0, 0, 100, 100];
const elsewhere: Box = [500, 500, 600, 600];
/** IoU 0.8 with `square`: a hit at 0.5, 0.55, … 0.8, which is seven thresholds of ten. */
const near: Box = [0, 0, 100, 80];

describe('average precision', () => {
  it('is 1 where every box is right and none is missing', () => {
    const tally = createPrecisionTally();
    tally.add(0, { boxes: [square], scores: [0.9] }, [square]);
    tally.add(0, { boxes: [elsewhere], scores: [0.4] }, [elsewhere]);

    expect(tally.compute()).toEqual({ ap: 1, ap50: 1, ap75: 1 });
  });

  it('counts a box of IoU 0.8 at seven of the ten thresholds', () => {
    const tally = createPrecisionTally();
    tally.add(0, { boxes: [near], scores: [0.9] }, [square]);

    expect(tally.compute()).toEqual({ ap: 7 / 10, ap50: 1, ap75: 1 });
  });

  it('averages the precision at 101 recalls: right, wrong, right of two true boxes', () => {
    const tally = createPrecisionTally();
    tally.add(0, { boxes: [square], scores: [0.9] }, [square]);
    tally.add(0, { boxes: [elsewhere], scores: [0.8] }, []);
    tally.add(0, { boxes: [square], scores: [0.7] }, [square]);

    // Recall 0 to 0.50 (51 points) at precision 1, 0.51 to 1 (50 points) at 2/3.
    expect(tally.compute()?.ap50).toBeCloseTo((51 + 50 * (2 / 3)) / 101, 14);
  });

  it('lets a confident wrong box cost more than a doubtful one', () => {
    const confident = createPrecisionTally();
    confident.add(0, { boxes: [elsewhere], scores: [0.9] }, []);
    confident.add(0, { boxes: [square], scores: [0.5] }, [square]);
    const doubtful = createPrecisionTally();
    doubtful.add(0, { boxes: [elsewhere], scores: [0.1] }, []);
    doubtful.add(0, { boxes: [square], scores: [0.5] }, [square]);

    expect(confident.compute()?.ap50).toBe(0.5);
    expect(doubtful.compute()?.ap50).toBe(1);
  });

  it('matches a true box only once', () => {
    const tally = createPrecisionTally();
    tally.add(0, { boxes: [square, square], scores: [0.9, 0.8] }, [square, elsewhere]);

    // One of two found: recall stops at 0.5, precision 1 up to there.
    expect(tally.compute()?.ap50).toBeCloseTo(51 / 101, 14);
  });

  it('weighs clusters as a bootstrap draws them', () => {
    const tally = createPrecisionTally();
    tally.add(0, { boxes: [square], scores: [0.9] }, [square]);
    tally.add(1, { boxes: [elsewhere], scores: [0.8] }, [square]);

    expect(tally.compute(Uint16Array.of(2, 0))?.ap).toBe(1);
    expect(tally.compute(Uint16Array.of(0, 2))?.ap).toBe(0);
  });

  it('does not depend on the order of boxes with equal scores', () => {
    const rightFirst = createPrecisionTally();
    rightFirst.add(0, { boxes: [square], scores: [0.9] }, [square]);
    rightFirst.add(0, { boxes: [elsewhere], scores: [0.9] }, []);
    const wrongFirst = createPrecisionTally();
    wrongFirst.add(0, { boxes: [elsewhere], scores: [0.9] }, []);
    wrongFirst.add(0, { boxes: [square], scores: [0.9] }, [square]);

    expect(rightFirst.compute()).toEqual({ ap: 0.5, ap50: 0.5, ap75: 0.5 });
    expect(wrongFirst.compute()).toEqual(rightFirst.compute());
  });

  it('is nothing without a true box', () => {
    const tally = createPrecisionTally();
    tally.add(0, { boxes: [square], scores: [0.9] }, []);

    expect(tally.compute()).toBeUndefined();
  });

  it('keeps thousands of boxes in the order of their scores', () => {
    const tally = createPrecisionTally();
    for (let index = 0; index < 5000; index++)
      tally.add(0, { boxes: [index % 2 === 0 ? square : elsewhere], scores: [index % 2 === 0 ? 0.5 + index / 20_000 : 0.4] }, [square]);

    // The 2,500 right ones rank before all wrong ones.
    expect(tally.compute()?.ap50).toBeCloseTo(51 / 101, 14);
  });
});
