import type { Clock, Usage } from '#core/ports.ts';
import { CallError } from '../adapters/call-error.ts';
import { createRateControl } from './rate-control.ts';

/** Starts attempts: at most `workers` at once, and no faster than the server and the user's limits allow. */
export interface Pacer {
  /** Waits for a turn, then runs `attempt`. */
  run<T extends { readonly usage: Usage }>(attempt: () => Promise<T>, precedence: Precedence, signal: AbortSignal): Promise<T>;
  /** Pauses new calls until `time`; used when another worker of this run was throttled. */
  pauseUntil(time: number): void;
  /** Limits the rate to this worker's share of a known limit, in calls per second. */
  limitRate(perSecond: number): void;
}

/**
 * Order of the queue, lowest first: a retry, then the first request of a sample, then the request that follows from its reply.
 * Early first requests keep following ones in reserve, so that every worker has work until the end of a run.
 */
export type Precedence = (typeof PRECEDENCE)[keyof typeof PRECEDENCE];
export const PRECEDENCE = { retry: 0, first: 1, following: 2 } as const;

export interface PacerOptions {
  readonly workers: number;
  readonly clock: Clock;
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
  /** Called when a pause for all calls exceeds two seconds. */
  readonly onPause?: ((until: number) => void) | undefined;
}

interface Waiter {
  readonly start: () => void;
  readonly precedence: Precedence;
}

const LONG_PAUSE_MS = 2000;
/** Late timers are compensated up to this much. */
const CATCH_UP_MS = 10;
/** Tokens assumed per call before the first reply: an image, a prompt and a short answer. */
const FIRST_GUESS_TOKENS = 2000;

export function createPacer(options: PacerOptions): Pacer {
  const { workers, clock } = options;
  const control = createRateControl(workers);
  const queue: Waiter[] = [];
  let running = 0;
  let nextStart = 0;
  let ownLimit = (options.requestsPerMinute ?? Number.POSITIVE_INFINITY) / 60;
  let tokensPerCall = FIRST_GUESS_TOKENS;
  let alarm: { at: number; cancel: AbortController } | undefined;

  const limit = () => Math.min(ownLimit, (options.tokensPerMinute ?? Number.POSITIVE_INFINITY) / 60 / tokensPerCall);

  /** Milliseconds until the next start is allowed; `Infinity` = not before some attempt ends. */
  const delay = (now: number) => {
    if (running >= workers) return Number.POSITIVE_INFINITY;
    if (now < control.pausedUntil()) return control.pausedUntil() - now;
    const rate = Math.min(control.rate(now), limit());
    if (rate === 0) return Number.POSITIVE_INFINITY;
    return rate === Number.POSITIVE_INFINITY ? 0 : Math.max(0, nextStart - now);
  };

  const claim = (now: number) => {
    const rate = Math.min(control.rate(now), limit());
    nextStart = Math.max(nextStart, now - CATCH_UP_MS) + 1000 / rate;
    running += 1;
  };

  const wake = (now: number, after: number) => {
    const at = now + after;
    if (alarm && alarm.at <= at) return;
    alarm?.cancel.abort();
    const set = { at, cancel: new AbortController() };
    alarm = set;
    const ring = () => {
      if (alarm !== set) return;
      alarm = undefined;
      pump();
    };
    clock.sleep(Math.max(1, after), set.cancel.signal).then(ring, () => {});
  };

  const pump = () => {
    while (queue.length > 0) {
      const now = clock.now();
      const after = delay(now);
      if (after > 0) {
        if (after !== Number.POSITIVE_INFINITY) wake(now, after);
        return;
      }
      claim(now);
      queue.shift()?.start();
    }
    alarm?.cancel.abort();
    alarm = undefined;
  };

  const turn = (precedence: Precedence, signal: AbortSignal) => {
    const now = clock.now();
    if (queue.length === 0 && delay(now) === 0) return claim(now);
    return new Promise<void>((resolve, reject) => {
      const leave = () => {
        queue.splice(queue.indexOf(waiter), 1);
        reject(signal.reason);
      };
      const start = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const waiter: Waiter = { start, precedence };
      signal.addEventListener('abort', leave, { once: true });
      queue.splice(queue.findLastIndex((other) => other.precedence <= precedence) + 1, 0, waiter);
      pump();
    });
  };

  return {
    async run(attempt, precedence, signal) {
      signal.throwIfAborted();
      await turn(precedence, signal);
      const ticket = control.start(clock.now());
      try {
        const reply = await attempt();
        control.delivered(ticket, clock.now());
        const { input, output, thinking, unreported } = reply.usage;
        if (!unreported) tokensPerCall += (Math.max(1, input + output + thinking) - tokensPerCall) / 16;
        return reply;
      } catch (error) {
        const now = clock.now();
        const before = control.pausedUntil();
        if (error instanceof CallError && error.kind === 'throttled') control.refused(ticket, now, error.retryAfterMs);
        else control.ended(ticket);
        const until = control.pausedUntil();
        if (until > before && until - now > LONG_PAUSE_MS) options.onPause?.(until);
        throw error;
      } finally {
        running -= 1;
        pump();
      }
    },
    pauseUntil(time) {
      control.pauseUntil(time);
    },
    limitRate(perSecond) {
      ownLimit = Math.min(ownLimit, perSecond);
    },
  };
}
