import type { ModelKeys } from '#models/step-model.ts';

/** What the process was given from outside. Nothing else of ours reads `process.env`. */
export interface Environment {
  readonly keys: ModelKeys;
  /** Show stack traces. */
  readonly debug: boolean;
  /** A variable by name, for `${oc.env:NAME}`; an empty one counts as set. */
  readonly variable: (name: string) => string | undefined;
}

export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): Environment {
  return {
    keys: { google: variables.GOOGLE_API_KEY || variables.GEMINI_API_KEY || undefined, openai: variables.OPENAI_API_KEY || undefined },
    debug: Boolean(variables.GROUNDLINE_DEBUG),
    variable: (name) => variables[name],
  };
}
