import type { ModelKey, ModelKeys } from '#models/model-keys.ts';

/** What the process was given from outside. Nothing else of ours reads `process.env`. */
export interface CliEnvironment {
  readonly keys: ModelKeys;
  /** Show stack traces. */
  readonly debug: boolean;
  /** A variable by name, for `${oc.env:NAME}`; an empty one counts as set. */
  readonly variable: (name: string) => string | undefined;
}

export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): CliEnvironment {
  const keyIn = (source: string): ModelKey | undefined => {
    const value = variables[source]?.trim();
    return value ? { value, source } : undefined;
  };
  return {
    keys: { google: keyIn('GOOGLE_API_KEY') ?? keyIn('GEMINI_API_KEY'), openai: keyIn('OPENAI_API_KEY') },
    debug: Boolean(variables.GROUNDLINE_DEBUG),
    variable: (name) => variables[name],
  };
}
