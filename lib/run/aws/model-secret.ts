import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import { RunStopError } from '#core/errors.ts';
import type { ModelKeys } from '#models/step-model.ts';

const Secret = z.object({
  GOOGLE_API_KEY: z.string().optional(),
  GEMINI_API_KEY: z.string().optional(),
  OPENAI_API_KEY: z.string().optional(),
});

/** The models' API keys, read once per container. */
export interface ModelSecret {
  read(): Promise<ModelKeys>;
  /** Reads again; says whether anything is different now. */
  refresh(): Promise<boolean>;
}

/** Keys from Secrets Manager, `{"GOOGLE_API_KEY": "…", "OPENAI_API_KEY": "…"}`. Messages never hold any of it. */
export function createModelSecret(client: SecretsManagerClient, secretId: string): ModelSecret {
  let known: ModelKeys | undefined;
  const load = async (): Promise<ModelKeys> => {
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    const parsed = Secret.safeParse(parseJson(SecretString));
    if (!parsed.success)
      throw new RunStopError(
        'unauthorized',
        `the secret ${secretId} is not JSON like {"GOOGLE_API_KEY":"…","OPENAI_API_KEY":"…"}: put the keys in again`,
      );
    const { GOOGLE_API_KEY, GEMINI_API_KEY, OPENAI_API_KEY } = parsed.data;
    return { google: trimmed(GOOGLE_API_KEY) ?? trimmed(GEMINI_API_KEY), openai: trimmed(OPENAI_API_KEY) };
  };
  return {
    async read() {
      known ??= await load();
      return known;
    },
    async refresh() {
      const before = known;
      known = await load();
      return before?.google !== known.google || before?.openai !== known.openai;
    },
  };
}

/** A pasted key often ends in a line break. */
const trimmed = (key: string | undefined) => key?.trim() || undefined;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
