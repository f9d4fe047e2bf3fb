import { googleHost, openaiHost, readHost } from '#core/hosts/model-hosts.ts';
import type { GeminiSettings, OpenAISettings, Settings, VlmSettings } from '#core/settings.ts';

export type StepKind = 'extraction' | 'grounding';
export type RemoteBackend = 'gemini' | 'openai';

/** The endpoint of a step's calls: `vlm` with the step's overrides. */
export type StepEndpoint = {
  readonly step: StepKind;
  /** The base URL with its default filled in. */
  readonly url: string;
  /** The host of the URL; the URL itself where it is no http address. */
  readonly host: string;
} & ({ readonly backend: 'gemini'; readonly settings: GeminiSettings } | { readonly backend: 'openai'; readonly settings: OpenAISettings });

const URLS: Readonly<Record<RemoteBackend, string>> = { gemini: `https://${googleHost}`, openai: `https://${openaiHost}/v1` };

/** The endpoint of a step; `undefined` for `builtin`. */
export function endpointOf(vlm: VlmSettings, step: StepKind): StepEndpoint | undefined {
  const backend = vlm[step].backend ?? vlm.backend;
  if (backend === 'builtin') return undefined;
  if (backend === 'gemini') {
    const settings = { ...vlm.gemini, ...vlm[step].gemini };
    return { step, backend, settings, ...addressOf(backend, settings.base_url) };
  }
  const settings = { ...vlm.openai, ...vlm[step].openai };
  return { step, backend, settings, ...addressOf(backend, settings.base_url) };
}

/** The host of the block `vlm.gemini` or `vlm.openai`, without the overrides of steps. */
export const blockHost = (vlm: VlmSettings, backend: RemoteBackend) => addressOf(backend, vlm[backend].base_url).host;

function addressOf(backend: RemoteBackend, baseUrl: string) {
  const url = baseUrl || URLS[backend];
  return { url, host: readHost(url) ?? withoutCredentials(url) };
}

const withoutCredentials = (text: string) => text.replace(/^.*@/, '').replace(/[?#].*$/, '');

/** The endpoints of all steps of a run. */
export function listStepEndpoints({ vlm, workflow }: Pick<Settings, 'vlm' | 'workflow'>): StepEndpoint[] {
  const kinds = workflow.steps.map((step): StepKind => (step === '0' ? 'extraction' : 'grounding'));
  return kinds.flatMap((kind) => endpointOf(vlm, kind) ?? []);
}

/** The different hosts that the steps of a run reach with one backend. */
export function hostsOf(settings: Pick<Settings, 'vlm' | 'workflow'>, backend: RemoteBackend): string[] {
  return [
    ...new Set(
      listStepEndpoints(settings)
        .filter((endpoint) => endpoint.backend === backend)
        .map(({ host }) => host),
    ),
  ];
}
