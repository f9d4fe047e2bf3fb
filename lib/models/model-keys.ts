import { RunStopError, UsageError } from '#core/errors.ts';
import { isPrivateHost, vendorHosts } from '#core/hosts/model-hosts.ts';
import { describeKeyFault } from '#core/secrets/key-format.ts';
import { withoutSecrets } from '#core/secrets/redact-secrets.ts';
import type { Settings } from '#core/settings.ts';
import { blockHost, hostsOf, listStepEndpoints, type StepEndpoint } from './step-endpoint.ts';

/** An API key and its source, for messages. */
export interface ModelKey {
  readonly value: string;
  /** A variable, a setting, or an entry of a secret. */
  readonly source: string;
}

/** API keys that are not in the spec. */
export interface ModelKeys {
  /** From the environment of this machine: a key belongs to the only host that a run reaches with the backend. */
  readonly google?: ModelKey | undefined;
  readonly openai?: ModelKey | undefined;
  /** From a secret store: a key belongs to its host. An empty one means that the host needs none. */
  readonly secret?: { readonly name: string; readonly byHost: ReadonlyMap<string, ModelKey> };
}

/** The key that a step sends, and the setting for it. */
export interface StepKey {
  readonly value: string;
  readonly setting: string;
}

const VARIABLES = {
  gemini: { name: 'GOOGLE_API_KEY', all: 'GOOGLE_API_KEY, GEMINI_API_KEY' },
  openai: { name: 'OPENAI_API_KEY', all: 'OPENAI_API_KEY' },
};

/** Throws before any call when a step of the run has no key, the key of another host, or one that no header can carry. */
export function requireStepKeys(settings: Pick<Settings, 'vlm' | 'workflow'>, keys: ModelKeys): void {
  for (const endpoint of listStepEndpoints(settings)) {
    findStepKey(endpoint, settings, keys);
    requireOwnCredentials(endpoint, settings.vlm);
    requireHeaders(endpoint);
  }
}

/**
 * The key of a step's host: its own key in the spec, else the key of its block where both have one host, else the key from the environment or a secret.
 * Throws `RunStopError` or `UsageError` that names the setting and never shows a key.
 */
export function findStepKey(endpoint: StepEndpoint, settings: Pick<Settings, 'vlm' | 'workflow'>, keys: ModelKeys): StepKey {
  const { vlm } = settings;
  const { step, backend, host } = endpoint;
  const stepSetting = `vlm.${step}.${backend}.api_key`;
  const blockSetting = `vlm.${backend}.api_key`;
  const isOfBlock = host === blockHost(vlm, backend);
  const own = vlm[step][backend]?.api_key;
  if (own) return usable({ value: own, source: stepSetting }, stepSetting);
  const ofBlock = vlm[backend].api_key;
  if (ofBlock && isOfBlock) return usable({ value: ofBlock, source: blockSetting }, `${VARIABLES[backend].all} or ${blockSetting}`);
  if (ofBlock)
    throw noKey(
      `no key for ${host} (${step}): got ${blockSetting}, which belongs to ${blockHost(vlm, backend)}, expected a key of its own; fix: set ${stepSetting} (any text, e.g. none, where the server needs no key)`,
    );
  if (keys.secret) return keyOfSecret(endpoint, keys.secret);
  return keyOfVariable(endpoint, isOfBlock ? blockSetting : stepSetting, settings, keys);
}

function keyOfSecret({ host, url }: StepEndpoint, { name, byHost }: NonNullable<ModelKeys['secret']>): StepKey {
  const key = byHost.get(host);
  const setting = `"${host}" of the secret ${name} in Secrets Manager`;
  if (key) return usable(key, setting);
  if (isPrivate(host)) return { value: '', setting };
  throw noKey(`no key for ${url}: the secret ${name} has no entry for "${host}"; fix: put {"${host}":"…"} into it`);
}

function keyOfVariable(
  { backend, host, url, step, settings: { default_headers: headers } }: StepEndpoint,
  specSetting: string,
  settings: Pick<Settings, 'vlm' | 'workflow'>,
  keys: ModelKeys,
): StepKey {
  const variable = backend === 'gemini' ? keys.google : keys.openai;
  const hosts = hostsOf(settings, backend);
  const setting = `${VARIABLES[backend].all} or ${specSetting}`;
  const needsKey = !isPrivate(host) && !holdsCredentials({ default_headers: headers });
  if (hosts.length > 1 && (variable !== undefined || needsKey))
    throw noKey(
      `no key for ${host} (${step}): got ${hosts.length} hosts in one run (${hosts.join(', ')}), where ${variable?.source ?? VARIABLES[backend].name} belongs to none, expected a key for each in the spec; ` +
        `fix: set ${specSetting} (any text, e.g. none, where the server needs no key)`,
    );
  if (variable) return usable(variable, setting);
  if (vendorHosts.includes(host) && needsKey)
    throw noKey(`no key for ${url.replace(/\/+$/, '')}: set ${setting}, or use the builtin backend, which needs none`);
  return { value: '', setting };
}

function usable({ value, source }: ModelKey, setting: string): StepKey {
  const key = value.trim();
  const fault = describeKeyFault(key);
  if (fault !== undefined)
    throw new UsageError(
      `${source} cannot be used: got ${fault}, expected visible ASCII characters only; fix: copy the key again from its provider`,
    );
  return { value: key, setting };
}

/** Settings that a step inherits from its block go to the step's host, but credentials in them belong to the host of the block. */
function requireOwnCredentials({ step, backend, host }: StepEndpoint, vlm: Settings['vlm']): void {
  const owner = blockHost(vlm, backend);
  if (host === owner) return;
  for (const name of ['default_headers', 'extra_body'] as const) {
    if (vlm[step][backend]?.[name] !== undefined || !holdsCredentials({ [name]: vlm[backend][name] })) continue;
    throw noKey(
      `vlm.${step}.${backend} has no ${name}: got those of vlm.${backend}, which hold a credential of ${owner}, expected its own for ${host}; fix: set vlm.${step}.${backend}.${name} ({} for none)`,
    );
  }
}

const holdsCredentials = (part: object) => JSON.stringify(withoutSecrets(part)) !== JSON.stringify(part);

/** Rejects headers that cannot be sent: the error of the HTTP client would quote their values. */
function requireHeaders({ step, backend, settings }: StepEndpoint): void {
  for (const [name, value] of Object.entries(settings.default_headers)) {
    if (canSend(name, value)) continue;
    const shown = /^[\x21-\x7e]{1,60}$/.test(name) ? `"${name}"` : 'whose name is no header name';
    throw new UsageError(
      `vlm.${backend}.default_headers (${step}): the header ${shown} cannot be sent: got a name or value with a line break, a control character or a non-Latin character, expected plain text; fix: write it again`,
    );
  }
}

function canSend(name: string, value: string): boolean {
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) return false;
  try {
    new Headers([[name, value]]);
    return true;
  } catch {
    return false;
  }
}

const isPrivate = (host: string) => URL.canParse(`https://${host}`) && isPrivateHost(host);

const noKey = (message: string) => new RunStopError('unauthorized', message);
