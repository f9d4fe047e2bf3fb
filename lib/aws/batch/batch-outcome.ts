import { z } from 'zod';
import { ManifestLine } from '../run-state/manifest.ts';

/** What the state machine hands to the function of a step. */
export const BatchEvent = z.object({
  batch: z.object({ run: z.object({ plan: z.string() }), steps: z.array(z.string()) }),
  items: z.array(ManifestLine).min(1),
  /** Retries of this very call so far. */
  attempt: z.int().nonnegative(),
});
export type BatchEvent = z.infer<typeof BatchEvent>;

/** What it gets back: counts and what to do next, never records. */
export type BatchOutcome =
  | { readonly status: 'ok'; readonly settled: number }
  /** Call again after so many seconds: time is up, or everyone is to wait. */
  | { readonly status: 'incomplete'; readonly settled: number; readonly waitSeconds: number }
  /** The run is over; the cause says why and what to do. */
  | { readonly status: 'stop'; readonly settled: number; readonly cause: string };

/** A batch is put down for now: nothing is wrong. */
export class Suspend extends Error {
  override readonly name = 'Suspend';
  readonly until: number;

  constructor(message: string, until: number) {
    super(message);
    this.until = until;
  }
}
