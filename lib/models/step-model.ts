import { RunStopError } from '#core/errors.ts';
import type { GeminiSettings, OpenAISettings, VlmSettings } from '#core/settings.ts';
import type { ModelAdapter } from './adapter.ts';
import type { Asked } from './classify-failure.ts';
import type { EndpointKnowledge } from './endpoint-memory.ts';

export type StepKind = 'extraction' | 'grounding';

/** API keys from the environment or a secret store; a key in the spec goes before them. */
export interface ModelKeys {
  readonly google?: string | undefined;
  readonly openai?: string | undefined;
}

/** Which remote model a step talks to, every default and override settled. */
export type StepModel = { readonly asked: Asked; readonly selfHosted: boolean } & (
  | { readonly backend: 'gemini'; readonly gemini: GeminiSettings; readonly mediaResolution: string }
  | { readonly backend: 'openai'; readonly openai: OpenAISettings }
);

const GEMINI_URL = 'https://generativelanguage.googleapis.com';
const OPENAI_URL = 'https://api.openai.com/v1';
const VENDORS = /(?:^|\.)(?:googleapis\.com|openai\.com|openai\.azure\.com|openrouter\.ai|nvidia\.com|anthropic\.com)$/;
/** Others that bill by the token. They serve models of any make, so unlike the vendors' these are looked at before they are believed. */
const SERVICES =
  /(?:^|\.)(?:aliyuncs\.com|mistral\.ai|x\.ai|groq\.com|together\.(?:ai|xyz)|fireworks\.ai|deepinfra\.com|huggingface\.co|(?:services|inference)\.ai\.azure\.com|cognitiveservices\.azure\.com|bedrock-[\w-]+\.[\w-]+\.amazonaws\.com)$/;

/** Settles `vlm` and its override for one step. Throws `RunStopError` when the key that is surely needed is missing. */
export function stepModel(vlm: VlmSettings, step: StepKind, keys: ModelKeys): StepModel {
  const override = vlm[step];
  const backend = override.backend ?? vlm.backend;
  if (backend === 'builtin') throw new TypeError('the builtin backend talks to no endpoint');
  if (backend === 'openai') {
    const openai = { ...vlm.openai, ...override.openai };
    const asked = describe('openai', openai.base_url || OPENAI_URL, openai.model_name, openai.api_key || keys.openai || '');
    requireKey(asked, openai.base_url);
    return { backend, openai, asked, selfHosted: isSelfHosted(openai.base_url) };
  }
  const gemini = { ...vlm.gemini, ...override.gemini };
  const asked = describe('gemini', gemini.base_url || GEMINI_URL, gemini.model, gemini.api_key || keys.google || '');
  requireKey(asked, gemini.base_url);
  // TAO specs carry a media_resolution that TAO ignores for images; boxes need the high one whatever it says.
  const spec = step === 'grounding' ? (override.gemini?.media_resolution ?? 'MEDIA_RESOLUTION_HIGH') : gemini.media_resolution;
  return { backend, gemini, asked, selfHosted: isSelfHosted(gemini.base_url), mediaResolution: override.media_resolution ?? spec };
}

/** The remote model that a step names, and where; `undefined` for `builtin`. */
export function modelOf(vlm: VlmSettings, step: StepKind): { readonly model: string; readonly baseUrl: string } | undefined {
  const backend = vlm[step].backend ?? vlm.backend;
  if (backend === 'builtin') return undefined;
  const gemini = { ...vlm.gemini, ...vlm[step].gemini };
  const openai = { ...vlm.openai, ...vlm[step].openai };
  return backend === 'gemini' ? { model: gemini.model, baseUrl: gemini.base_url } : { model: openai.model_name, baseUrl: openai.base_url };
}

/** The service tier that the requests of a step name, wherever the spec has it. */
export function serviceTierOf(vlm: VlmSettings, step: StepKind): string | undefined {
  const backend = vlm[step].backend ?? vlm.backend;
  return backend === 'builtin' ? undefined : tierOf({ ...vlm[backend], ...vlm[step][backend] });
}

function tierOf({ service_tier, extra_body }: GeminiSettings | OpenAISettings): string | undefined {
  const tier = extra_body.service_tier ?? extra_body.serviceTier ?? service_tier;
  return typeof tier === 'string' ? tier : undefined;
}

/** Loads the backend's SDK and sets it up for this step. */
export async function createAdapter(model: StepModel, knowledge: EndpointKnowledge, connections: number): Promise<ModelAdapter> {
  const adapter = await openAdapter(model, knowledge, connections);
  const settings = model.backend === 'gemini' ? model.gemini : model.openai;
  return {
    ...adapter,
    /** Without the tier that the server rejected, and that calls go on without, at the standard price. */
    get serviceTier() {
      const isDropped = knowledge.known.quirks.some((quirk) => /^drop service_?tier$/i.test(quirk));
      return tierOf(isDropped ? { ...settings, service_tier: undefined } : settings);
    },
  };
}

async function openAdapter(model: StepModel, knowledge: EndpointKnowledge, connections: number): Promise<ModelAdapter> {
  const settings = model.backend === 'gemini' ? model.gemini : model.openai;
  const common = {
    baseUrl: settings.base_url,
    apiKey: model.asked.key,
    model: model.asked.model,
    temperature: settings.temperature,
    serviceTier: settings.service_tier,
    extraBody: settings.extra_body,
    defaultHeaders: settings.default_headers,
    timeoutMs: settings.timeout * 1000,
    connections,
    asked: model.asked,
    knowledge,
  };
  if (model.backend === 'gemini') {
    const { createGemini } = await import('./gemini.ts');
    const { api_version, max_output_tokens } = model.gemini;
    return createGemini({ ...common, apiVersion: api_version, maxTokens: max_output_tokens, mediaResolution: model.mediaResolution });
  }
  const { createOpenAI } = await import('./openai.ts');
  return createOpenAI({ ...common, apiVersion: model.openai.api_version, maxTokens: model.openai.max_tokens });
}

function describe(backend: 'gemini' | 'openai', url: string, model: string, key: string): Asked {
  return {
    endpoint: withoutCredentials(url),
    model,
    key,
    keySetting: backend === 'gemini' ? 'GOOGLE_API_KEY, GEMINI_API_KEY or vlm.gemini.api_key' : 'OPENAI_API_KEY or vlm.openai.api_key',
    urlSetting: `vlm.${backend}.base_url`,
    modelSetting: backend === 'gemini' ? 'vlm.gemini.model' : 'vlm.openai.model_name',
  };
}

function withoutCredentials(url: string): string {
  if (!URL.canParse(url)) return url.replace(/\/\/[^@/]*@/, '//');
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`.replace(/\/+$/, '');
}

/** Servers of one's own may need no key; the vendors' do, and a missing one is better said before the first image is read. */
function requireKey(asked: Asked, baseUrl: string): void {
  if (asked.key || baseUrl) return;
  throw new RunStopError(
    'unauthorized',
    `no key for ${asked.endpoint}: set ${asked.keySetting}, or use the builtin backend, which needs none`,
  );
}

const isSelfHosted = (baseUrl: string) => URL.canParse(baseUrl) && !VENDORS.test(new URL(baseUrl).hostname);

/** Whether calls are billed, whatever they cost, as far as the address tells: one that is not known is taken for a server of one's own. */
export const isBilled = (baseUrl: string) => !isSelfHosted(baseUrl) || SERVICES.test(new URL(baseUrl).hostname);
