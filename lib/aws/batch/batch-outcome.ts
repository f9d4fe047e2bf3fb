import { z } from 'zod';
import { ManifestLine } from '../run-state/manifest.ts';

/** The input of a batch function from the state machine. */
export const BatchEvent = z.object({
  batch: z.object({ run: z.object({ plan: z.string() }), steps: z.array(z.string()) }),
  items: z.array(ManifestLine).min(1),
  /** Retries of this call so far. */
  attempt: z.int().nonnegative(),
});
export type BatchEvent = z.infer<typeof BatchEvent>;

/** The result of a batch function for the state machine: counts and the next action, never records. */
export type BatchOutcome =
  | { readonly status: 'ok'; readonly completed: number }
  /** Call the function again after `waitSeconds`: its time is up, or all workers have to wait. */
  | { readonly status: 'incomplete'; readonly completed: number; readonly waitSeconds: number }
  /** The run has to end. `cause`: the message for the user. */
  | { readonly status: 'stop'; readonly completed: number; readonly cause: string };

/** Suspends a batch without a fault, to be continued by another call of the function. */
export class Suspend extends Error {
  override readonly name = 'Suspend';
  /** Time of the clock from which on the batch may continue. */
  readonly until: number;

  constructor(message: string, until: number) {
    super(message);
    this.until = until;
  }
}
