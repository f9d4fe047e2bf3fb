import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Box } from '#core/box.ts';
import type { ImageStore } from '#core/ports.ts';
import type { ModelConnection } from '#models/connect.ts';
import { openSampleImage } from '#steps/sample-image.ts';
import { type MockServer, mockServerPath, startMockServer } from '#test/models/mock-server.ts';
import { isMissing, needing } from '#test/shared-material.ts';
import { familyServers } from './family-servers.ts';
import { connectFamily, groundPicture } from './ground-picture.ts';

/** Left alone by every family: upright, a JPEG, sides that are multiples of 28, no larger than the smallest limit. */
const side = { width: 560, height: 420 };

/**
 * The stand-in outside the repository was not written for this code. Its boxes depend only on image bytes and phrase. All families,
 * each with its own convention, must therefore end in the same pixels.
 */
describe.skipIf(isMissing(mockServerPath))(needing(mockServerPath, 'an independent stand-in'), () => {
  let server: MockServer;
  let found: Record<string, readonly (readonly Box[])[]>;

  beforeAll(async () => {
    server = await startMockServer({});
    const bytes = await sharp({ create: { ...side, channels: 3, background: 'teal' } })
      .jpeg()
      .toBuffer();
    const store: ImageStore = { stat: async () => ({ size: bytes.length, stamp: 'drawn' }), read: async () => bytes };
    const image = openSampleImage(store, 'picture', { maxBytes: 1e7, maxPixels: 1e7 });
    const known = Object.entries(familyServers).filter(([family]) => family !== 'paligemma'); // the stand-in has no grid of 1024
    found = {};
    for (const dialect of ['gemini', 'openai'] as const)
      for (const [family, { model }] of known.filter((entry) => dialect === 'openai' || entry[0].startsWith('gemini'))) {
        const connection: ModelConnection = await connectFamily(server.url, { model: model.split('/').at(-1) ?? model, dialect });
        found[`${family} (${dialect})`] = (await groundPicture(connection, image)).map(({ instances }) =>
          instances.map(({ bbox }) => bbox),
        );
      }
  }, 60_000);
  afterAll(() => server.stop());

  test('draws the same boxes for every family in both dialects', () => {
    const [first, ...others] = Object.entries(found);

    expect(first?.[1].flat().length).toBeGreaterThan(2);
    for (const [family, boxes] of others) expect(apart(boxes, first?.[1] ?? []), family).toBeLessThanOrEqual(1);
  });
});

/** The largest distance of two corners in pixels; infinite if the numbers of boxes differ. */
function apart(boxes: readonly (readonly Box[])[], others: readonly (readonly Box[])[]): number {
  const [a, b] = [boxes.map((list) => list.length).join(), others.map((list) => list.length).join()];
  if (a !== b) return Number.POSITIVE_INFINITY;
  const corners = others.flat(2);
  return Math.max(...boxes.flat(2).map((corner, index) => Math.abs(corner - (corners[index] ?? Number.NaN))));
}
