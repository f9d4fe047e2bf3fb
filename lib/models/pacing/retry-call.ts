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

/** Attempts for faults of the call itself. For faults of the endpoint (throttled, unreachable), `Outage` sets the limit. */
const ATTEMPTS: Partial<Record<CallErrorKind, number>> = { failing: 8, timed_out: 3 };
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** Additional back-off to a Retry-After: small, but some servers always send 0. */
const ASKED = { firstDelayMs: 50, longestDelayMs: 1000 };

/**
 * Repeats an attempt until it succeeds, its attempts run out, or `signal` aborts. It waits outside the pacer, so a wait holds no worker slot.
 * Throws the error of the attempt when a retry is useless, `SampleError` when attempts run out, `RunStopError` during an outage.
 */
export async function retryCall<T>(attempt: (isRetry: boolean) => Promise<T>, options: RetryOptions, signal: AbortSignal): Promise<T> {
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

/** The wait in milliseconds before the next attempt: the Retry-After, slightly spread; otherwise exponential back-off with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"). */
export function retryDelay(error: CallError, count: number, random: number): number {
  const asked = error.retryAfterMs;
  if (asked === undefined) return random * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** count);
  const least = random * Math.min(ASKED.longestDelayMs, ASKED.firstDelayMs * 2 ** count);
  return Math.max(asked + random * Math.min(100, asked / 10), least);
}
