import { RunStopError, SampleError } from '#core/errors.ts';
import type { Clock } from '#core/ports.ts';
import type { CallError } from './call-error.ts';

/** Watches whether the endpoint answers anyone at all, so that a dead server ends the run and does not fail it sample by sample. */
export interface Outage {
  succeeded(): void;
  /**
   * A call failed and would be tried again. Throws `RunStopError` when nothing has succeeded for too long,
   * `SampleError` when it is only ever this one call.
   */
  failed(call: object, error: CallError): void;
}

const NEVER_ANSWERED_MS = 60_000;
const STOPPED_ANSWERING_MS = 10 * 60_000;
const THROTTLED_MS = 2 * 60 * 60_000;
const SAID_AGAIN_MS = 60_000;

export function createOutage(clock: Clock, notice: (message: string) => void): Outage {
  let everSucceeded = false;
  let since: number | undefined;
  let saidAt = Number.NEGATIVE_INFINITY;
  const failing = new Set<object>();

  const patience = ({ kind, patienceMs }: CallError) => {
    if (kind === 'throttled') return patienceMs ?? THROTTLED_MS;
    return everSucceeded ? Math.max(STOPPED_ANSWERING_MS, patienceMs ?? 0) : (patienceMs ?? NEVER_ANSWERED_MS);
  };

  return {
    succeeded() {
      everSucceeded = true;
      if (since === undefined) return;
      since = undefined;
      failing.clear();
    },
    failed(call, error) {
      const now = clock.now();
      since ??= now;
      failing.add(call);
      const lasting = now - since;
      const limit = patience(error);
      if (lasting < limit) {
        if (error.kind !== 'failing' && lasting > 0 && now - saidAt >= SAID_AGAIN_MS) {
          saidAt = now;
          notice(`${error.message}; waiting, for up to ${minutes(limit - lasting)} more`);
        }
        return;
      }
      if (everSucceeded && failing.size === 1)
        throw new SampleError('model_unavailable', `gave up after ${minutes(lasting)}: ${error.message}`);
      const reason = error.kind === 'throttled' ? 'quota_exhausted' : 'server_unreachable';
      throw new RunStopError(
        reason,
        `no call has succeeded for ${minutes(lasting)}: ${error.message}; run the same command again later, finished work is kept`,
      );
    },
  };
}

const minutes = (ms: number) => (ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`);
