import type { VisionLanguageModel } from '#core/ports.ts';
import type { GeminiSettings, OpenAISettings } from '#core/settings.ts';
import { Settings } from '#core/settings.ts';
import { recallCapabilities } from '#models/endpoint-capabilities.ts';
import { createLanguageModel } from '#models/language-model.ts';
import { createOutage } from '#models/pacing/outage.ts';
import { createPacer } from '#models/pacing/pacer.ts';
import { createAdapter, stepModel } from '#models/step-model.ts';
import { plainProfile } from './profile.ts';
import { realClock } from './real-clock.ts';

/** Everything below the port, connected as in production, except the choice of the profile. */
export async function openModel(
  backend: 'gemini' | 'openai',
  url: string,
  workers: number,
  settings: Partial<GeminiSettings & OpenAISettings> = {},
): Promise<VisionLanguageModel & { close(): Promise<void> }> {
  const base = { base_url: backend === 'openai' ? `${url}/v1` : url, ...settings };
  const vlm = { backend, [backend]: backend === 'openai' ? { model_name: 'mock-vlm', ...base } : base };
  const key = { value: 'test-key', source: 'the test' };
  const model = stepModel(Settings.parse({ vlm }), 'extraction', { google: key, openai: key });
  const capabilities = await recallCapabilities(undefined, model.target.endpoint, model.target.model);
  const adapter = await createAdapter(model, capabilities, workers);
  const outage = createOutage(realClock, () => {});
  const pacer = createPacer({ workers, clock: realClock });
  const port = createLanguageModel({
    adapter,
    profile: plainProfile,
    capabilities,
    pacer,
    retry: { clock: realClock, random: Math.random, outage },
  });
  return { ...port, close: adapter.close };
}
