import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitSize } from '#images/fit-size.ts';

const smartResize = { multipleOf: 28, minPixels: 480 * 480, maxPixels: 1280 * 28 * 28 };
const side = fc.integer({ min: 200, max: 9000 });

describe('fitting a size', () => {
  test('leaves a size that fits as it is', () => {
    expect(fitSize({ width: 1200, height: 800 }, {})).toEqual({ width: 1200, height: 800 });
    expect(fitSize({ width: 1120, height: 840 }, smartResize)).toEqual({ width: 1120, height: 840 });
  });

  test('keeps the shape when it makes smaller', () => {
    expect(fitSize({ width: 4000, height: 3000 }, { maxSide: 2048 })).toEqual({ width: 2048, height: 1536 });
    expect(fitSize({ width: 3000, height: 4000 }, { maxPixels: 1200 * 1600 })).toEqual({ width: 1200, height: 1600 });
  });

  test('keeps the smallest side of a pixel', () => {
    expect(fitSize({ width: 10_000, height: 1 }, { maxSide: 100 })).toEqual({ width: 100, height: 1 });
  });

  test('gives sizes that fit for all that are not extreme', () => {
    fc.assert(
      fc.property(side, side, (width, height) => {
        const size = fitSize({ width, height }, smartResize);

        expect(size.width % 28).toBe(0);
        expect(size.height % 28).toBe(0);
        expect(size.width * size.height).toBeLessThanOrEqual(smartResize.maxPixels);
        expect(size.width * size.height).toBeGreaterThanOrEqual(smartResize.minPixels);
        expect(fitSize(size, smartResize)).toEqual(size);
      }),
    );
  });

  test('never passes the longest side or the pixels', () => {
    fc.assert(
      fc.property(side, side, (width, height) => {
        const size = fitSize({ width, height }, { maxSide: 1568, maxPixels: 1_150_000 });

        expect(Math.max(size.width, size.height)).toBeLessThanOrEqual(1568);
        expect(size.width * size.height).toBeLessThanOrEqual(1_150_000);
      }),
    );
  });
});
