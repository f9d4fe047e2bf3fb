import type { GeminiSettings, OpenAISettings, Settings, VlmSettings } from '#core/settings.ts';
import type { ModelAdapter } from './adapters/adapter.ts';
import type { RequestTarget } from './adapters/classify-failure.ts';
import type { EndpointCapabilities } from './endpoint-capabilities.ts';
import { findStepKey, type ModelKeys, type StepKey } from './model-keys.ts';
import { endpointOf, type StepEndpoint, type StepKind } from './step-endpoint.ts';

/** The remote model of a step, with defaults and overrides applied. */
export type StepModel = { readonly target: RequestTarget; readonly selfHosted: boolean } & (
  | { readonly backend: 'gemini'; readonly gemini: GeminiSettings; readonly mediaResolution: string }
  | { readonly backend: 'openai'; readonly openai: OpenAISettings }
);

const VENDORS = /(?:^|\.)(?:googleapis\.com|openai\.com|openai\.azure\.com|openrouter\.ai|nvidia\.com|anthropic\.com)$/;

/** Applies the overrides of one step. Throws `RunStopError` or `UsageError` when a key is missing, belongs to another host, or cannot be sent. */
export function stepModel(settings: Pick<Settings, 'vlm' | 'workflow'>, step: StepKind, keys: ModelKeys): StepModel {
  const endpoint = endpointOf(settings.vlm, step);
  if (endpoint === undefined) throw new TypeError('the builtin backend has no endpoint');
  const target = describeTarget(endpoint, findStepKey(endpoint, settings, keys));
  const selfHosted = isSelfHosted(endpoint.settings.base_url);
  if (endpoint.backend === 'openai') return { backend: 'openai', openai: endpoint.settings, target, selfHosted };
  const override = settings.vlm[step];
  // TAO ignores the media_resolution of its specs for images. Boxes need the high one.
  const spec = step === 'grounding' ? (override.gemini?.media_resolution ?? 'MEDIA_RESOLUTION_HIGH') : endpoint.settings.media_resolution;
  return { backend: 'gemini', gemini: endpoint.settings, target, selfHosted, mediaResolution: override.media_resolution ?? spec };
}

/** The name and host of a step's remote model; `undefined` for `builtin`. */
export function findStepModel(vlm: VlmSettings, step: StepKind): { readonly model: string; readonly host: string } | undefined {
  const endpoint = endpointOf(vlm, step);
  return endpoint && { model: modelNameOf(endpoint), host: endpoint.host };
}

const modelNameOf = (endpoint: StepEndpoint) => (endpoint.backend === 'gemini' ? endpoint.settings.model : endpoint.settings.model_name);

/** The service tier of a step's requests, from any of its three places in the spec. */
export function findServiceTier(vlm: VlmSettings, step: StepKind): string | undefined {
  const backend = vlm[step].backend ?? vlm.backend;
  return backend === 'builtin' ? undefined : readServiceTier({ ...vlm[backend], ...vlm[step][backend] });
}

function readServiceTier({ service_tier, extra_body }: GeminiSettings | OpenAISettings): string | undefined {
  const tier = extra_body.service_tier ?? extra_body.serviceTier ?? service_tier;
  return typeof tier === 'string' ? tier : undefined;
}

/** Loads the SDK of the backend and creates its adapter. */
export async function createAdapter(model: StepModel, capabilities: EndpointCapabilities, connections: number): Promise<ModelAdapter> {
  const adapter = await openAdapter(model, capabilities, connections);
  const settings = model.backend === 'gemini' ? model.gemini : model.openai;
  return {
    ...adapter,
    /** Without a tier that the server rejected: such calls have the standard price. */
    get serviceTier() {
      const isDropped = capabilities.current.adjustments.some((adjustment) => /^drop service_?tier$/i.test(adjustment));
      return readServiceTier(isDropped ? { ...settings, service_tier: undefined } : settings);
    },
  };
}

async function openAdapter(model: StepModel, capabilities: EndpointCapabilities, connections: number): Promise<ModelAdapter> {
  const settings = model.backend === 'gemini' ? model.gemini : model.openai;
  const common = {
    baseUrl: settings.base_url,
    apiKey: model.target.key,
    model: model.target.model,
    temperature: settings.temperature,
    serviceTier: settings.service_tier,
    extraBody: settings.extra_body,
    defaultHeaders: settings.default_headers,
    timeoutMs: settings.timeout * 1000,
    connections,
    target: model.target,
    capabilities,
  };
  if (model.backend === 'gemini') {
    const { createGemini } = await import('./adapters/gemini.ts');
    const { api_version, max_output_tokens } = model.gemini;
    return createGemini({ ...common, apiVersion: api_version, maxTokens: max_output_tokens, mediaResolution: model.mediaResolution });
  }
  const { createOpenAI } = await import('./adapters/openai.ts');
  return createOpenAI({ ...common, apiVersion: model.openai.api_version, maxTokens: model.openai.max_tokens });
}

function describeTarget(endpoint: StepEndpoint, key: StepKey): RequestTarget {
  const { backend, url, host } = endpoint;
  return {
    endpoint: withoutCredentials(url),
    host,
    model: modelNameOf(endpoint),
    key: key.value,
    keySetting: key.setting,
    urlSetting: `vlm.${backend}.base_url`,
    modelSetting: backend === 'gemini' ? 'vlm.gemini.model' : 'vlm.openai.model_name',
  };
}

function withoutCredentials(url: string): string {
  if (!URL.canParse(url)) return url.replace(/\/\/[^@/]*@/, '//');
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`.replace(/\/+$/, '');
}

const isSelfHosted = (baseUrl: string) => URL.canParse(baseUrl) && !VENDORS.test(new URL(baseUrl).hostname);
