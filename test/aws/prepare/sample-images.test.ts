import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createImageSampler } from '#aws/prepare/sample-images.ts';

function sampled(count: number, cut = 0): number[] {
  let images = createImageSampler();
  for (let index = 0; index < count; index++) {
    if (index === cut) images = createImageSampler(JSON.parse(JSON.stringify(images.state)));
    images.offer({ path: `${index}` });
  }
  return images.sample().map(({ path }) => Number(path));
}

describe('images checked before a run', () => {
  it('are all images of a small input', () => {
    expect(sampled(200)).toHaveLength(200);
  });

  it('are two hundred images from all over an input of any length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 401, max: 50_000 }), (count) => {
        const indices = sampled(count);

        expect(indices).toHaveLength(200);
        expect(indices[0]).toBe(0);
        expect(indices.at(-1)).toBe(count - 1);
        const gaps = indices.slice(1).map((each, index) => each - (indices[index] as number));
        expect(Math.max(...gaps)).toBeLessThan(count / 40);
      }),
      { numRuns: 30 },
    );
  });

  it('stay evenly spaced after an interrupted validation', () => {
    expect(sampled(10_000, 7_000).slice(-2)).toEqual([expect.toSatisfy((index: number) => index > 9_000), 9_999]);
    expect(sampled(10_000, 9_999).at(-1)).toBe(9_999);
  });
});
