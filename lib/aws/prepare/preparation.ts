import { z } from 'zod';
import type { RunPaths } from '../run-state/run-paths.ts';
import type { Cloud } from '../runtime/cloud.ts';
import type { ModelSecret } from '../runtime/model-secret.ts';
import type { StartInput } from '../start/start-input.ts';

/** The input of prepare from the state machine, at first and after each wait. */
export const PrepareEvent = z.object({
  executionArn: z.string(),
  runId: z.string(),
  startedAt: z.string(),
  input: z.unknown(),
  /** Seconds waited so far. */
  waited: z.number(),
});

export type PrepareEvent = z.infer<typeof PrepareEvent>;

export interface PrepareContext {
  readonly cloud: Cloud;
  readonly secret: ModelSecret;
  readonly version: string;
  readonly isRunning: (executionArn: string) => Promise<boolean>;
  remainingMs(): number;
}

export interface Preparation extends PrepareContext {
  readonly event: PrepareEvent;
  readonly start: StartInput;
  readonly paths: RunPaths & { readonly input: { readonly bucket: string; readonly key: string } };
}
