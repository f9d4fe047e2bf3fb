import { expect, test } from 'vitest';
import { estimateRun } from '#aws/prepare/estimate-run.ts';
import { Settings } from '#core/settings.ts';

const settings = Settings.parse({ vlm: { backend: 'openai', openai: { model_name: 'gpt-4.1-mini' } } });
const at = Date.parse('2026-11-28');

test('an estimate on AWS counts for each step the samples with a model call', () => {
  const both = estimateRun(settings, { extraction: 4, grounding: 4 }, at, []);
  const own = estimateRun(settings, { extraction: 0, grounding: 4 }, at, []);

  expect(both.calls).toBe(8);
  expect(own.calls).toBe(4);
  expect(own.costUsd).toBeLessThan(both.costUsd ?? 0);
});

test.each([
  ['https://api.deepseek.com/v1', []],
  ['https://api.cerebras.ai/v1', []],
  ['https://bedrock-mantle.us-east-1.api.aws/v1', []],
  ['https://my-team.openai.azure.com', []],
  ['https://x1.endpoints.huggingface.cloud/v1', []],
  ['https://gpu.example.com/v1', ['other.example.com']],
])('a public host is billed at an unknown price: %s', (base_url, ownHosts) => {
  const unknown = Settings.parse({ vlm: { backend: 'openai', openai: { model_name: 'of-tomorrow', base_url } } });

  expect(estimateRun(unknown, { extraction: 1, grounding: 1 }, at, ownHosts).unpriced).toBe('of-tomorrow');
});

test.each([
  ['http://10.0.1.5:8000/v1', []],
  ['http://localhost:8000/v1', []],
  ['https://vlm.internal/v1', []],
  ['http://vlm.team.svc:8000/v1', []],
  ['https://gpu.example.com/v1', ['gpu.example.com']],
])('a private host and an own host of the environment bill nothing: %s', (base_url, ownHosts) => {
  const unknown = Settings.parse({ vlm: { backend: 'openai', openai: { model_name: 'of-tomorrow', base_url } } });

  expect(estimateRun(unknown, { extraction: 1, grounding: 1 }, at, ownHosts).unpriced).toBeUndefined();
});
