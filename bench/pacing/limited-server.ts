import type { Clock } from '#core/ports.ts';
import { CallError } from '#models/adapters/call-error.ts';

export interface ServerLimits {
  /** Mean time of a reply; single replies are spread log-normally around it. */
  readonly latencyMs: number;
  /** Share of attempts refused at random, whatever the rate. */
  readonly refusedAtRandom?: number;
  /** Attempts per second that a token bucket of the same size admits. */
  readonly limit?: number;
}

/** Sends one attempt: resolves with its usage, or rejects with the `CallError` of a 429. */
export type Send = (signal: AbortSignal) => Promise<{ readonly usage: typeof USAGE }>;

export interface LimitedServer {
  readonly send: Send;
  counts(): { readonly attempts: number; readonly refused: number };
}

export const REFUSAL_MS = 20;
const RETRY_AFTER_MS = 1000;
/** Standard deviation of the logarithm of a latency: one reply in forty has twice the mean. */
const SPREAD = 0.35;
const USAGE = { calls: 1, input: 900, cachedInput: 0, output: 100, thinking: 0 };

/** A model server in virtual time, with a token bucket, random refusals, and a Retry-After of one second on each refusal. */
export function createLimitedServer(
  { latencyMs, refusedAtRandom = 0, limit }: ServerLimits,
  clock: Clock,
  random: () => number,
): LimitedServer {
  let tokens = limit ?? 0;
  let filledAt = 0;
  let attempts = 0;
  let refused = 0;

  const admits = () => {
    if (random() < refusedAtRandom) return false;
    if (limit === undefined) return true;
    tokens = Math.min(limit, tokens + ((clock.now() - filledAt) / 1000) * limit);
    filledAt = clock.now();
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };

  return {
    async send(signal) {
      attempts += 1;
      if (admits()) {
        await clock.sleep(latencyMs * logNormal(random), signal);
        return { usage: USAGE };
      }
      refused += 1;
      await clock.sleep(REFUSAL_MS, signal);
      throw new CallError('throttled', 'slow down', { retryAfterMs: RETRY_AFTER_MS });
    },
    counts: () => ({ attempts, refused }),
  };
}

/** A log-normal variable of mean 1 (Box–Muller). */
function logNormal(random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.exp(SPREAD * normal - SPREAD ** 2 / 2);
}
