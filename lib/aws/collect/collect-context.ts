import { z } from 'zod';
import type { Cloud } from '../runtime/cloud.ts';

/** What the state machine hands to collect; `failure` says what came before, with an empty cause where all went well. */
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
