import type { ModelKey, ModelKeys } from '#models/model-keys.ts';

/** The environment variables of the process. No other file of Groundline reads `process.env`. */
export interface CliEnvironment {
  readonly keys: ModelKeys;
  /** Whether errors are shown with their stack trace. */
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
