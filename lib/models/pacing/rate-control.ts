import {
  allowedRate,
  extendPause,
  initialState,
  recordDelivery,
  recordEnd,
  recordRefusal,
  startAttempt,
  type Ticket,
} from './rate-state.ts';

/**
 * Limits how fast attempts start, by the refusals (429) of the server. Time is an argument, and nothing waits here.
 *
 * A refusal has two possible causes. A server with a limit refuses the excess: a lower rate helps and loses nothing.
 * A busy server refuses a share of everything: a lower rate only loses time. The control therefore experiments:
 *
 * 1. Free: only the workers limit. Too many refusals in a window start a cut.
 * 2. Cut: the pace becomes 0.9 × the delivered one, or 0.8 × the pace where it grew slowly near a known limit. That is clear of
 *    the limit at once, and a token bucket makes up for it. Two cuts without effect prove cuts useless: the pace is
 *    restored, and that refused share is the new normal. A cut that helps stays.
 * 3. Growth: faster the longer no refusal arrives, slower with every cut that helped. The pace converges to the limit.
 * 4. Everything in flight refused: a pause until the Retry-After of the server, then one attempt at a time until a reply arrives.
 */
export interface RateControl {
  /** Attempts per second allowed now; `Infinity` when only workers limit, 0 during a pause and while a reply is awaited. */
  rate(now: number): number;
  /** Nothing starts before this time (milliseconds of the clock). */
  pausedUntil(): number;
  pauseUntil(time: number): void;
  /** Counts the start of an attempt. Its ticket goes to one of the three functions below. */
  start(now: number): Ticket;
  delivered(ticket: Ticket, now: number): void;
  refused(ticket: Ticket, now: number, retryAfterMs: number | undefined): void;
  /** The attempt ended without evidence about limits (aborted, broken connection …). */
  ended(ticket: Ticket): void;
}

/** The control of one endpoint: holds the current `RateState` of `rate-state.ts`, which has all the rules. */
export function createRateControl(workers: number): RateControl {
  let state = initialState(workers);
  return {
    rate: (now) => allowedRate(state, now),
    pausedUntil: () => state.pausedUntil,
    pauseUntil(time) {
      state = extendPause(state, time);
    },
    start(now) {
      const started = startAttempt(state, now);
      state = started.state;
      return started.ticket;
    },
    delivered(ticket, now) {
      state = recordDelivery(state, ticket, now);
    },
    refused(ticket, now, retryAfterMs) {
      state = recordRefusal(state, ticket, now, retryAfterMs);
    },
    ended(ticket) {
      state = recordEnd(state, ticket);
    },
  };
}
