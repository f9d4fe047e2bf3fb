import { z } from 'zod';
import { vendorHosts } from '#core/model-hosts.ts';

const number = z.coerce.number();
/** A list, in a variable parted by commas. */
const names = (otherwise: readonly string[]) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').filter(Boolean) : value),
    z.array(z.string()).readonly().default(otherwise),
  );

/** What a function knows of its environment. Written by the stack, read by the functions: the two cannot drift apart. */
export const FunctionSettings = z.object({
  ENVIRONMENT: z.string(),
  BUCKET: z.string(),
  TABLE: z.string(),
  /** ARN of the secret with the models' keys; the keys themselves are read when needed. */
  MODEL_KEYS_SECRET: z.string(),
  /** Hosts that calls to models may go to, and those of them that are the environment's own servers. */
  MODEL_HOSTS: names(vendorHosts),
  OWN_MODEL_HOSTS: names([]),
  /** Days a checkpoint is kept; 0 = for good. */
  CHECKPOINT_DAYS: number,
  MAX_LAMBDAS: number,
  SETTLE_MINUTES: number,
  MAX_UNATTENDED_USD: number,
});
export type FunctionSettings = z.infer<typeof FunctionSettings>;

/** The settings as environment variables of a function. */
export function toVariables(settings: FunctionSettings): Record<string, string> {
  return Object.fromEntries(Object.entries(FunctionSettings.parse(settings)).map(([name, value]) => [name, String(value)]));
}
