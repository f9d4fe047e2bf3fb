import { z } from 'zod';
import { vendorHosts } from './hosts/model-hosts.ts';

const number = z.coerce.number();
/** A list; in a variable its items are separated by commas. */
const list = (defaultItems: readonly string[]) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').filter(Boolean) : value),
    z.array(z.string()).readonly().default(defaultItems),
  );

/**
 * The environment variables of a function: the only definition, used by the stack that writes them and by the functions that read them.
 * Deployed functions have these names, so they do not change.
 */
export const FunctionSettings = z.object({
  /** Name of the environment: `dev`, `prod`. */
  ENVIRONMENT: z.string(),
  /** Name of the bucket with `inputs/` and `runs/`. */
  BUCKET: z.string(),
  /** Name of the checkpoint table. */
  TABLE: z.string(),
  /** ARN of the secret with the API keys of the models. Functions read the keys when they need them. */
  MODEL_KEYS_SECRET: z.string(),
  /** Hosts that model calls may go to. */
  MODEL_HOSTS: list(vendorHosts),
  /** Hosts among them that are the environment's own servers. */
  OWN_MODEL_HOSTS: list([]),
  /** Days that a checkpoint is kept; 0 = for ever. */
  CHECKPOINT_DAYS: number,
  /** Functions of one step that run at the same time, at most. */
  MAX_LAMBDAS: number,
  /** Minutes to wait for images that arrive after the captions: `imageGraceMinutes` of the environment. */
  SETTLE_MINUTES: number,
  /** Estimated USD up to which an upload starts a run without approval. */
  MAX_UNATTENDED_USD: number,
});
export type FunctionSettings = z.infer<typeof FunctionSettings>;

/** The settings as environment variables of a function. */
export function toVariables(settings: FunctionSettings): Record<string, string> {
  return Object.fromEntries(Object.entries(FunctionSettings.parse(settings)).map(([name, value]) => [name, String(value)]));
}
