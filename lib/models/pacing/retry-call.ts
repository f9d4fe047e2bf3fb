import { SampleError } from '#core/errors.ts';
import type { Clock } from '#core/ports.ts';
import { CallError, type CallErrorKind } from '../adapters/call-error.ts';
import type { Outage } from './outage.ts';

export interface RetryOptions {
  readonly clock: Clock;
  /** Uniform in [0,1). */
  readonly random: () => number;
  readonly outage: Outage;
}

/** Attempts for faults of the call itself. Where the whole endpoint may be why (throttled, unreachable), `Outage` knows when it is enough. */
const ATTEMPTS: Partial<Record<CallErrorKind, number>> = { failing: 8, timed_out: 3 };
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** Back-off where the server names a time: small, since it knows better, but some always say 0. */
const ASKED = { firstDelayMs: 50, longestDelayMs: 1000 };

/**
 * Tries until it succeeds, gives up, or is aborted. Waiting happens here, outside the pacer, so it holds no worker slot.
 * Throws what the attempt threw when trying again is no use, `SampleError` when attempts run out.
 */
export async function retryCall<T>(attempt: (again: boolean) => Promise<T>, options: RetryOptions, signal: AbortSignal): Promise<T> {
  const call = {};
  const failures: Partial<Record<CallErrorKind, number>> = {};
  for (let tries = 0; ; tries += 1) {
    try {
      const result = await attempt(tries > 0);
      options.outage.succeeded();
      return result;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof CallError) || error.kind === 'rejected') throw error;
      if (!error.answerFault) options.outage.failed(call, error);
      const count = (failures[error.kind] ?? 0) + 1;
      failures[error.kind] = count;
      if (count >= (ATTEMPTS[error.kind] ?? Number.POSITIVE_INFINITY))
        throw new SampleError(error.answerFault ?? 'model_unavailable', `gave up after ${tries + 1} attempts: ${error.message}`, {
          cause: error,
        });
      await options.clock.sleep(retryDelay(error, count, options.random()), signal);
    }
  }
}

/** What the server asked for, slightly spread; otherwise exponential back-off with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"). */
export function retryDelay(error: CallError, count: number, random: number): number {
  const asked = error.retryAfterMs;
  if (asked === undefined) return random * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** count);
  const least = random * Math.min(ASKED.longestDelayMs, ASKED.firstDelayMs * 2 ** count);
  return Math.max(asked + random * Math.min(100, asked / 10), least);
}
