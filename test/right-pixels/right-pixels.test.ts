import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelConnection } from '#models/connect.ts';
import { families } from '#models/profiles/profiles.ts';
import { familyServers } from './family-servers.ts';
import {
  byPolicy,
  connectFamilies,
  expressions,
  groundPicture,
  openPicture,
  orientations,
  rectanglesFor,
  sizes,
  worstByFamily,
} from './ground-picture.ts';
import { type LookingModel, startLookingModel } from './looking-model.ts';

/** A selection from the cases that `npm run test:pixels` runs in full. */
const cases = [
  ...orientations.map((orientation) => ({ orientation, size: 'odd' as const, format: 'jpeg' as const })),
  ...(['small', 'wide', 'tall', 'camera'] as const).map((size) => ({ orientation: 6, size, format: 'jpeg' as const })),
  { orientation: 7, size: 'odd' as const, format: 'png' as const },
  { orientation: 5, size: 'odd' as const, format: 'webp' as const },
];

describe('boxes are in the right pixels', () => {
  let model: LookingModel;
  let connections: Record<string, ModelConnection>;

  beforeAll(async () => {
    model = await startLookingModel();
    connections = await connectFamilies(model.url);
  }, 60_000);
  afterAll(() => model.close());

  test('there is a server for every family of the table but Kosmos-2, whose cells are too coarse', () => {
    expect(Object.keys(familyServers).toSorted()).toEqual(
      families
        .map(({ profile }) => profile.family)
        .filter((family) => family !== 'kosmos-2')
        .toSorted(),
    );
    for (const [family, { profile }] of Object.entries(connections)) expect(profile.family).toBe(family);
  });

  test.each(cases)(
    '$size picture, orientation $orientation, $format: every family',
    async ({ size, orientation, format }) => {
      const worst = await worstByFamily(connections, { ...sizes[size], rectangles: rectanglesFor(sizes[size]), orientation, format });

      for (const [family, overlap] of Object.entries(worst)) expect(overlap, family).toBeGreaterThanOrEqual(0.95);
    },
    120_000,
  );

  test('what is not there is absent, and not guessed, for every family that has a word for it', async () => {
    const image = await openPicture({ ...sizes.odd, rectangles: rectanglesFor(sizes.odd), orientation: 1, format: 'png' });

    for (const [family, connection] of byPolicy(connections)) {
      const found = await groundPicture(connection, image);
      const isWordless = family === 'paligemma' || family === 'florence-2'; // they answer with silence
      expect(found[expressions.findIndex(({ colour }) => colour === 'yellow')], family).toEqual({
        grounding: isWordless ? 'unanswered' : 'absent',
        instances: [],
      });
    }
  });
});
