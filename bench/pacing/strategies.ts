import { setMaxListeners } from 'node:events';
import type { Clock } from '#core/ports.ts';
import { CallError } from '#models/adapters/call-error.ts';
import { createOutage } from '#models/pacing/outage.ts';
import { createPacer, PRECEDENCE } from '#models/pacing/pacer.ts';
import { retryCall } from '#models/pacing/retry-call.ts';
import type { Send } from './limited-server.ts';

/** Makes one call with all its attempts; rejects when the call is lost. */
export type Call = () => Promise<unknown>;

export interface StrategyContext {
  readonly workers: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly send: Send;
}

export interface Strategy {
  readonly name: string;
  /** Calls that are open at once, per worker. More than one where a waiting call holds no worker. */
  readonly openPerWorker: number;
  create(context: StrategyContext): Call;
}

const { signal } = new AbortController();
setMaxListeners(0, signal);

/** The product's own parts: pacer, rate control, retry and outage. */
const groundline: Strategy = {
  name: 'groundline',
  openPerWorker: 4,
  create({ workers, clock, random, send }) {
    const pacer = createPacer({ workers, clock });
    const retry = { clock, random, outage: createOutage(clock, () => {}) };
    return () => retryCall((again) => pacer.run(() => send(signal), again ? PRECEDENCE.retry : PRECEDENCE.first, signal), retry, signal);
  },
};

/**
 * Additive increase, multiplicative decrease of the attempts in flight: +1 per window of replies, ÷ 2 per refusal,
 * at most once per window. It starts with all workers. A call waits for its next attempt outside the window.
 */
const aimd: Strategy = {
  name: 'plain AIMD',
  openPerWorker: 4,
  create({ workers, clock, random, send }) {
    let allowed = workers;
    let inFlight = 0;
    let cuts = 0;
    const retries: (() => void)[] = [];
    const firsts: (() => void)[] = [];
    const startNext = () => {
      while (inFlight < Math.floor(allowed)) {
        const start = retries.shift() ?? firsts.shift();
        if (!start) return;
        inFlight += 1;
        start();
      }
    };
    const attempt = async (isRetry: boolean) => {
      await new Promise<void>((start) => {
        (isRetry ? retries : firsts).push(start);
        startNext();
      });
      const startedIn = cuts;
      try {
        await send(signal);
        allowed = Math.min(workers, allowed + 1 / allowed);
      } catch (error) {
        if (startedIn === cuts) {
          allowed = Math.max(1, allowed / 2);
          cuts += 1;
        }
        throw error;
      } finally {
        inFlight -= 1;
        startNext();
      }
    };
    return () => backOff(attempt, clock, random);
  },
};

/** A fixed number of calls at once. A call that waits for its next attempt keeps its worker. */
const unpaced: Strategy = {
  name: 'no pacing',
  openPerWorker: 1,
  create: ({ clock, random, send }) => {
    return () => backOff(() => send(signal), clock, random);
  },
};

export const strategies: readonly Strategy[] = [groundline, aimd, unpaced];

/** Six attempts and waits of 1 to 60 s, as in OpenAI's cookbook "How to handle rate limits"; never shorter than the Retry-After. */
const ATTEMPTS = 6;

async function backOff<T>(attempt: (isRetry: boolean) => Promise<T>, clock: Clock, random: () => number): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt(count > 1);
    } catch (error) {
      if (!(error instanceof CallError) || count === ATTEMPTS) throw error;
      const longest = Math.min(60_000, 1000 * 2 ** count);
      await clock.sleep(Math.max(error.retryAfterMs ?? 0, 1000, random() * longest), signal);
    }
  }
}
