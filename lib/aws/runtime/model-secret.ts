import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import { RunStopError } from '#core/errors.ts';
import { googleHost, isPrivateHost, openaiHost, readHost, vendorHosts } from '#core/hosts/model-hosts.ts';
import { parseJson } from '#core/json.ts';
import type { ModelKey, ModelKeys } from '#models/model-keys.ts';

/** A name is a host, or an old variable name that stands for a host. */
const Secret = z.record(z.string(), z.string());

/** The API keys of the models, read once per container. */
export interface ModelSecret {
  read(): Promise<ModelKeys>;
  /** Reads the secret again. True if its text has changed. */
  refresh(): Promise<boolean>;
  /** All keys read so far, for redaction. */
  readonly values: readonly string[];
}

/** The hosts that keys may be sent to. */
export interface KeyHosts {
  readonly modelHosts: readonly string[];
  /** Hosts among them that are the environment's own servers, which may need no key. */
  readonly ownHosts: readonly string[];
}

/** Keys from Secrets Manager, `{"api.openai.com": "…", "integrate.api.nvidia.com": "…"}`. No message contains a key. */
export function createModelSecret(client: Pick<SecretsManagerClient, 'send'>, secretId: string, hosts: KeyHosts): ModelSecret {
  let cached: { readonly text: string; readonly keys: ModelKeys } | undefined;
  const values = new Set<string>();
  const load = async () => {
    const { SecretString: text = '' } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    const keys = keysOfSecret(text, secretId, hosts);
    for (const { value } of keys.secret?.byHost.values() ?? []) if (value !== '') values.add(value);
    return { text, keys };
  };
  return {
    async read() {
      cached ??= await load();
      return cached.keys;
    },
    async refresh() {
      const before = cached;
      cached = await load();
      return before?.text !== cached.text;
    },
    get values() {
      return [...values];
    },
  };
}

/** Reads the text of a secret. Throws `RunStopError`. */
export function keysOfSecret(text: string, name: string, hosts: KeyHosts): ModelKeys {
  const parsed = Secret.safeParse(parseJson(text));
  if (!parsed.success)
    throw new RunStopError(
      'unauthorized',
      `the secret ${name} cannot be read: got other text, expected JSON like {"api.openai.com":"…"}; fix: store the keys again`,
    );
  const byHost = new Map<string, ModelKey>();
  const add = (host: string, entry: string, value: string) =>
    byHost.set(host, { value: value.trim(), source: `"${entry}" of the secret ${name}` });
  const needsNone = (host: string) => hosts.ownHosts.includes(host) || isPrivateHost(host);
  for (const host of hosts.modelHosts.filter(needsNone)) add(host, host, '');
  const { GOOGLE_API_KEY = '', GEMINI_API_KEY = '', OPENAI_API_KEY = '', ...entries } = parsed.data;
  if (GOOGLE_API_KEY.trim()) add(googleHost, 'GOOGLE_API_KEY', GOOGLE_API_KEY);
  else if (GEMINI_API_KEY.trim()) add(googleHost, 'GEMINI_API_KEY', GEMINI_API_KEY);
  if (OPENAI_API_KEY.trim()) for (const host of [openaiHost, ...otherHost(hosts.modelHosts)]) add(host, 'OPENAI_API_KEY', OPENAI_API_KEY);
  for (const [entry, value] of Object.entries(entries)) {
    const host = readHost(`https://${entry}`);
    // An empty entry of a vendor is a key that its owner has not filled in yet.
    if (host !== undefined && hosts.modelHosts.includes(host) && (value.trim() !== '' || needsNone(host))) add(host, entry, value);
  }
  return { secret: { name, byHost } };
}

/**
 * The host that `OPENAI_API_KEY` also stands for. With all default hosts: the only host beyond them.
 * With a shorter list: the only host other than OpenAI and Google.
 */
function otherHost(modelHosts: readonly string[]): readonly string[] {
  const isDefault = vendorHosts.every((host) => modelHosts.includes(host));
  const others = modelHosts.filter((host) => !(isDefault ? vendorHosts : [openaiHost, googleHost]).includes(host));
  return others.length === 1 ? others : [];
}
