import type { ModelProfile } from '#core/model-profile.ts';

/** A profile for tests of what is below profiles: nothing in it depends on the model table. */
export const plainProfile: ModelProfile = {
  family: 'plain',
  box: { key: 'bbox_2d', order: 'xyxy', scale: 1000 },
  form: 'object',
  tier: 'schema',
  expressionsPerCall: 8,
  scores: true,
  stateSize: false,
  image: { mimeTypes: ['image/jpeg', 'image/png'], maxBytes: 10_000_000 },
  parameters: {},
  temperature: true,
};
