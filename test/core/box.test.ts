import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { area, type Box, iou } from '#core/box.ts';

const corner = fc.integer({ min: 0, max: 30 });
const box = fc
  .tuple(corner, corner, corner, corner)
  .map(([a, b, c, d]): Box => [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)]);
const covers = ([x1, y1, x2, y2]: Box, x: number, y: number) => x >= x1 && x < x2 && y >= y1 && y < y2;

describe('boxes', () => {
  it('have the area and the overlap that counting pixels gives', () => {
    fc.assert(
      fc.property(box, box, (a, b) => {
        let [inA, inBoth, inEither] = [0, 0, 0];
        for (let x = 0; x < 30; x++)
          for (let y = 0; y < 30; y++) {
            inA += Number(covers(a, x, y));
            inBoth += Number(covers(a, x, y) && covers(b, x, y));
            inEither += Number(covers(a, x, y) || covers(b, x, y));
          }

        expect(area(a)).toBe(inA);
        expect(iou(a, b)).toBeCloseTo(inBoth === 0 ? 0 : inBoth / inEither, 10);
      }),
    );
  });

  it('have no area when they are turned inside out', () => {
    expect(area([10, 10, 5, 20])).toBe(0);
  });
});
