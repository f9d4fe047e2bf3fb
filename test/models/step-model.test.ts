import { describe, expect, test } from 'vitest';
import { Settings, VlmSettings } from '#core/settings.ts';
import { recallCapabilities } from '#models/endpoint-capabilities.ts';
import { createAdapter, findServiceTier, stepModel } from '#models/step-model.ts';

describe('the service tier of a step', () => {
  test.each([
    ['none', {}, undefined],
    ['that of the setting', { openai: { service_tier: 'flex' } }, 'flex'],
    [
      'that of the extra body, which overrides the setting',
      { openai: { service_tier: 'flex', extra_body: { service_tier: 'priority' } } },
      'priority',
    ],
    ['that of the step alone', { extraction: { openai: { service_tier: 'flex' } } }, 'flex'],
    ['none of another backend', { gemini: { service_tier: 'flex' } }, undefined],
    ['none of the builtin model', { backend: 'builtin', openai: { service_tier: 'flex' } }, undefined],
    ["Gemini's own spelling", { backend: 'gemini', gemini: { extra_body: { serviceTier: 'flex' } } }, 'flex'],
  ])('is %s', (_what, vlm, tier) => {
    expect(findServiceTier(VlmSettings.parse({ backend: 'openai', ...vlm }), 'extraction')).toBe(tier);
  });

  test('is the standard one again once the server has rejected it', async () => {
    const settings = Settings.parse({ vlm: { backend: 'openai', openai: { model_name: 'gpt-4.1', service_tier: 'flex' } } });
    const capabilities = await recallCapabilities(undefined, 'endpoint', 'gpt-4.1');
    const adapter = await createAdapter(
      stepModel(settings, 'grounding', { openai: { value: 'key', source: 'OPENAI_API_KEY' } }),
      capabilities,
      1,
    );

    expect(adapter.serviceTier).toBe('flex');
    capabilities.update({ adjustments: ['drop service_tier'] });
    expect(adapter.serviceTier).toBeUndefined();
    await adapter.close();
  });
});
