import { z } from 'zod';

const number = z.coerce.number();

/** What a function knows of its environment. Written by the stack, read by the functions: the two cannot drift apart. */
export const FunctionSettings = z.object({
  ENVIRONMENT: z.string(),
  BUCKET: z.string(),
  TABLE: z.string(),
  /** ARN of the secret with the models' keys; the keys themselves are read when needed. */
  MODEL_KEYS_SECRET: z.string(),
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
