import { z } from 'zod';
import type { Cloud } from '../runtime/cloud.ts';

/** The input of collect from the state machine. `failure` is the error of an earlier state; it is empty after success. */
export const CollectEvent = z.object({
  executionArn: z.string(),
  runId: z.string(),
  startedAt: z.string(),
  input: z.unknown(),
  failure: z.looseObject({ error: z.string().optional(), cause: z.string().optional() }),
});

export type CollectEvent = z.infer<typeof CollectEvent>;

export interface CollectContext {
  readonly cloud: Cloud;
  readonly version: string;
  remainingMs(): number;
}
