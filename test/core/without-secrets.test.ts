import { expect, test } from 'vitest';
import { Settings } from '#core/settings.ts';
import { withoutSecrets } from '#core/without-secrets.ts';

test('settings to be shown hold no key, secret header or credential, and still are settings', () => {
  const settings = Settings.parse({
    vlm: {
      gemini: { api_key: 'SECRET-1', base_url: 'https://me:SECRET-2@proxy.example/v1?api_key=SECRET-3&region=eu' },
      openai: {
        default_headers: { Authorization: 'Bearer SECRET-4', 'x-team': 'vision' },
        extra_body: { access_token: 'SECRET-5', top_k: 1 },
      },
      grounding: { openai: { api_key: 'SECRET-6', max_tokens: 9 } },
    },
  });

  const shown = withoutSecrets(settings);

  expect(JSON.stringify(shown)).not.toContain('SECRET');
  expect(Settings.parse(shown).vlm).toMatchObject({
    gemini: { api_key: '', base_url: 'https://proxy.example/v1?region=eu' },
    openai: { default_headers: { 'x-team': 'vision' }, extra_body: { top_k: 1 }, max_tokens: 4096 },
    grounding: { openai: { max_tokens: 9 } },
  });
});

test('settings without secrets stay as they are, to the byte: fingerprints are made of them', () => {
  const body = { stop: ['</s>'], nested: { max_tokens: 5, seed: null, url: 'https://a.example/?q=é' }, '7': true, tokens: 'x' };

  expect(JSON.stringify(withoutSecrets(body))).toBe(JSON.stringify(body));
});
