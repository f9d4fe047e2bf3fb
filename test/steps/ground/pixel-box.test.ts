import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Box, iou } from '#core/box.ts';
import type { BoxScale } from '#core/model-profile.ts';
import { fitBox, isRepeated, toPixels } from '#steps/ground/pixel-box.ts';

const upright = { width: 640, height: 480 };

describe('boxes in pixels', () => {
  it.each<[string, 'xyxy' | 'yxyx', BoxScale, [number, number, number, number]]>([
    ['thousandths, y first', 'yxyx', 1000, [100, 250, 500, 750]],
    ['thousandths, x first', 'xyxy', 1000, [250, 100, 750, 500]],
    ['fractions', 'xyxy', 1, [0.25, 0.1, 0.75, 0.5]],
    ['percent', 'xyxy', 100, [25, 10, 75, 50]],
    ['a grid of 1024', 'yxyx', 1024, [102.4, 256, 512, 768]],
    ['pixels of the sent image', 'xyxy', 'pixels', [80, 24, 240, 120]],
  ])('come from %s', (_, order, scale, numbers) => {
    const box = toPixels(numbers, { order, scale }, { width: 320, height: 240 }, upright);

    for (const [corner, value] of [160, 48, 480, 240].entries()) expect(box[corner]).toBeCloseTo(value, 6);
  });

  it('have their corners in order and stay inside the frame', () => {
    expect(fitBox([480, 240, 160, 48], upright)).toEqual([160, 48, 480, 240]);
    expect(fitBox([-20, -5, 100, 500], upright)).toEqual([0, 0, 100, 480]);
  });

  it('are dropped with a reason when they are mostly outside or without area', () => {
    expect(fitBox([600, 100, 700, 200], upright)).toBe('box_outside');
    expect(fitBox([2000, 2000, 2100, 2100], upright)).toBe('box_outside');
    expect(fitBox([-100, 0, -1, 100], upright)).toBe('box_outside');
    expect(fitBox([10, 10, 10, 200], upright)).toBe('box_without_area');
    expect(fitBox([0, 0, 0, 0], upright)).toBe('box_without_area');
  });

  it('have at least one pixel, however thin the thing is', () => {
    expect(fitBox([100.2, 10, 100.4, 200], upright)).toEqual([100, 10, 101, 200]);
    expect(fitBox([639.6, 479.6, 640, 480], upright)).toEqual([639, 479, 640, 480]);
    expect(fitBox([0.1, 0.1, 0.2, 0.2], { width: 1, height: 1 })).toEqual([0, 0, 1, 1]);
  });

  it('are integers with an area inside any frame, whatever a model writes', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, min: -5000, max: 5000 }),
      fc.integer({ min: -10, max: 1100 }),
      fc.constantFrom(0, 1e300, -1e300),
    );
    const side = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(fc.tuple(number, number, number, number), side, side, (box, width, height) => {
        const fitted = fitBox(box as Box, { width, height });
        if (typeof fitted === 'string') return;
        const [x1, y1, x2, y2] = fitted;
        expect(fitted.every(Number.isInteger)).toBe(true);
        expect(0 <= x1 && x1 < x2 && x2 <= width && 0 <= y1 && y1 < y2 && y2 <= height).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  it('convert back from every convention to within half a step of it', () => {
    const scales = fc.constantFrom<BoxScale>('pixels', 1, 100, 999, 1000, 1023, 1024);
    const box = fc
      .tuple(fc.nat(599), fc.nat(439), fc.integer({ min: 20, max: 40 }), fc.integer({ min: 20, max: 40 }))
      .map(([x, y, w, h]): Box => [x, y, x + w, y + h]);
    fc.assert(
      fc.property(box, scales, fc.constantFrom<'xyxy' | 'yxyx'>('xyxy', 'yxyx'), (truth, scale, order) => {
        const sent = { width: 1280, height: 960 };
        const [x, y] = scale === 'pixels' ? [2, 2] : [scale / upright.width, scale / upright.height];
        const [x1, y1, x2, y2] = [truth[0] * x, truth[1] * y, truth[2] * x, truth[3] * y];
        const written = order === 'yxyx' ? ([y1, x1, y2, x2] as const) : ([x1, y1, x2, y2] as const);

        expect(fitBox(toPixels(written, { order, scale }, sent, upright), upright)).toEqual(truth);
      }),
    );
  });

  it('are duplicates when they hardly differ', () => {
    expect(isRepeated([0, 0, 100, 100], [[1, 1, 100, 100]])).toBe(true);
    expect(isRepeated([0, 0, 100, 100], [[10, 10, 100, 100]])).toBe(false);
    expect(iou([0, 0, 100, 100], [10, 10, 100, 100])).toBeLessThan(0.9);
  });
});
