import { expect, test } from 'vitest';
import { Settings } from '#core/settings.ts';
import { unknownProfile } from '#models/profiles/profiles.ts';
import { createFingerprints } from '#steps/fingerprint.ts';

const fingerprint = (extra_body: object) => {
  const connection = { model: { backend: 'openai', model: 'any' }, profile: unknownProfile } as const;
  return createFingerprints('step_1', connection, Settings.parse({ vlm: { backend: 'openai', openai: { extra_body } } }))('image', []);
};

test('a fingerprint ignores secrets, as run.json does', () => {
  expect(fingerprint({ top_k: 1, prompt_cache_key: 'a' })).toBe(fingerprint({ top_k: 1 }));
  expect(fingerprint({ top_k: 1, prompt_cache_key: 'a' })).toBe(fingerprint({ prompt_cache_key: 'b', top_k: 1 }));
  expect(fingerprint({ top_k: 1 })).not.toBe(fingerprint({ top_k: 2 }));
});
