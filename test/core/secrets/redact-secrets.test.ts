import { expect, test } from 'vitest';
import { withoutSecrets } from '#core/secrets/redact-secrets.ts';
import { Settings } from '#core/settings.ts';

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

test('settings to be shown hold no credential under another name, in a section or a list of them, or as a number', () => {
  const settings = Settings.parse({
    vlm: {
      openai: {
        base_url: 'https://proxy.example/v1?code=SECRET-1',
        default_headers: {
          'X-Pass': 'SECRET-2',
          'X-Session': 'SECRET-3',
          'X-PAT': 'SECRET-4',
          'x-functions-code': 'SECRET-5',
          'X-JWT': 'SECRET-6',
          'X-Sig': 'SECRET-7',
          'X-Custom': 'Bearer SECRET-8',
        },
        extra_body: { auth: { bearer: 'SECRET-9' }, api_keys: ['SECRET-10'], password: 123456 },
      },
    },
  });

  expect(JSON.stringify(withoutSecrets(settings))).not.toMatch(/SECRET|123456/);
});

test('a JSON schema about authors and tokens is no secret', () => {
  const body = { guided_json: { properties: { author: { type: 'string' }, token: { enum: ['a'] } } }, stop_token_ids: [1, 2] };

  expect(JSON.stringify(withoutSecrets(body))).toBe(JSON.stringify(body));
});
