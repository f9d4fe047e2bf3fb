import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import { RunStopError } from '#core/errors.ts';
import { parseJson } from '#core/json.ts';
import { googleHost, isPrivateHost, openaiHost, readHost, vendorHosts } from '#core/model-hosts.ts';
import type { ModelKey, ModelKeys } from '#models/model-keys.ts';

/** A name is a host, or one of the two variables' names, each of which stands for a host. */
const Secret = z.record(z.string(), z.string());

/** The models' API keys, read once per container. */
export interface ModelSecret {
  read(): Promise<ModelKeys>;
  /** Reads again; says whether anything is different now. */
  refresh(): Promise<boolean>;
  /** Every key that was read so far, for redaction. */
  readonly values: readonly string[];
}

/** Where the functions may send calls, as far as keys go by it. */
export interface KeyHosts {
  readonly modelHosts: readonly string[];
  /** Those of them that are the environment's own servers, which may need no key. */
  readonly ownHosts: readonly string[];
}

/** Keys from Secrets Manager, `{"api.openai.com": "…", "integrate.api.nvidia.com": "…"}`. Messages never hold any of it. */
export function createModelSecret(client: Pick<SecretsManagerClient, 'send'>, secretId: string, hosts: KeyHosts): ModelSecret {
  let known: { readonly text: string; readonly keys: ModelKeys } | undefined;
  const values = new Set<string>();
  const load = async () => {
    const { SecretString: text = '' } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    const keys = keysOfSecret(text, secretId, hosts);
    for (const { value } of keys.secret?.byHost.values() ?? []) if (value !== '') values.add(value);
    return { text, keys };
  };
  return {
    async read() {
      known ??= await load();
      return known.keys;
    },
    async refresh() {
      const before = known;
      known = await load();
      return before?.text !== known.text;
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
    throw new RunStopError('unauthorized', `the secret ${name} is not JSON like {"api.openai.com":"…"}; fix: put the keys in again`);
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
    // An empty entry of a vendor is one that is still to be filled in.
    if (host !== undefined && hosts.modelHosts.includes(host) && (value.trim() !== '' || needsNone(host))) add(host, entry, value);
  }
  return { secret: { name, byHost } };
}

/** The one host that the environment names beyond the default list; of a list that is shorter than the default, the one besides OpenAI and Google. */
function otherHost(modelHosts: readonly string[]): readonly string[] {
  const isDefault = vendorHosts.every((host) => modelHosts.includes(host));
  const others = modelHosts.filter((host) => !(isDefault ? vendorHosts : [openaiHost, googleHost]).includes(host));
  return others.length === 1 ? others : [];
}
