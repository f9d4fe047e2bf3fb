import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelConnection } from '#models/connect.ts';
import { connectFamilies, orientations, rectanglesFor, sizes, worstByFamily } from '#test/right-pixels/ground-picture.ts';
import { type LookingModel, startLookingModel } from '#test/right-pixels/looking-model.ts';

const pictures = Object.keys(sizes).flatMap((size) =>
  orientations.map((orientation) => ({ size: size as keyof typeof sizes, orientation })),
);

/** All combinations of families, orientations and sizes. The last output is the worst overlap of each family. */
describe('boxes are in the right pixels, all of them', () => {
  let model: LookingModel;
  let connections: Record<string, ModelConnection>;
  const worst: Record<string, number> = {};

  beforeAll(async () => {
    model = await startLookingModel();
    connections = await connectFamilies(model.url);
  });
  afterAll(async () => {
    await model.close();
    console.table(
      Object.fromEntries(Object.entries(worst).map(([family, overlap]) => [family, { 'worst IoU': Number(overlap.toFixed(4)) }])),
    );
    console.log(
      `${Object.keys(worst).length} families × ${pictures.length} pictures, worst IoU ${Math.min(...Object.values(worst)).toFixed(4)}`,
    );
  });

  test.each(pictures)('$size picture, orientation $orientation', async ({ size, orientation }) => {
    const found = await worstByFamily(connections, { ...sizes[size], rectangles: rectanglesFor(sizes[size]), orientation, format: 'jpeg' });

    for (const [family, overlap] of Object.entries(found)) {
      worst[family] = Math.min(worst[family] ?? 1, overlap);
      expect(overlap, family).toBeGreaterThanOrEqual(0.95);
    }
  });
});
