import { type CutTest, judgeCut, mostBy, pooledShare, startCutTest, type Window } from './cut-test.ts';
import { THROTTLED_MS } from './outage.ts';

/**
 * How fast attempts may start, learned from refusals (429). Pure: time comes in, nothing waits here.
 *
 * A refusal can mean two things. A server with a limit refuses what exceeds it: sending less helps, and nothing is lost by it.
 * A busy server refuses a share of everything: sending less only loses time. So the control does not assume, it tries:
 *
 * 1. Free: no pace, workers alone limit. Too many refusals in a window → cut.
 * 2. Cut: the pace becomes 0.9 × what was delivered, or 0.8 × the pace where it had grown slowly towards a known limit: clear of
 *    the limit at once, which a bucket of tokens makes up for. If the refused share stays the same, twice, cutting is useless here:
 *    back to the pace before, and that share is the new normal (`accepted`). If it falls, stay and
 * 3. probe: grow, faster the longer nothing is refused, slower with every cut that helped: the pace settles around the limit.
 * 4. All in flight refused: stop until the server's Retry-After, then one probe at a time until something is delivered.
 */
export interface RateControl {
  /** Attempts per second allowed now; `Infinity` when only workers limit, 0 while an answer is awaited or a pause lasts. */
  rate(now: number): number;
  /** The time until which nothing should start. */
  pausedUntil(): number;
  pauseUntil(time: number): void;
  /** An attempt starts; its ticket goes to one of the three below. */
  start(now: number): Ticket;
  delivered(ticket: Ticket, now: number): void;
  refused(ticket: Ticket, now: number, retryAfterMs: number | undefined): void;
  /** The attempt ended in a way that says nothing about limits. */
  ended(ticket: Ticket): void;
}

/** The window an attempt started in: one that started before a cut says nothing about the pace after it. */
export interface Ticket {
  readonly window: Window;
  /** It started after the first refusal of that window was known. */
  readonly late: boolean;
}

/** Attempts after a first refusal: by then a server has used up what it had saved, and delivers no more than its limit. */
interface Late {
  since: number;
  until: number;
  sent: number;
  refused: number;
}

const noneLate = (): Late => ({ since: 0, until: 0, sent: 0, refused: 0 });
/** Fewer say too little of a pace, or of chance. */
const LATE = 10;

const FREE = Number.POSITIVE_INFINITY;
const SLOWEST = 1 / 60;
const CUT = 0.9;
const NEAR_LIMIT_CUT = 0.8;
/** Answers after which a quiet window is closed. */
const WINDOW = 50;
/** Useless cuts that settle the question, short ones counting half: the more is refused, the likelier it is a limit, and the more of them it takes. */
const uselessCuts = (share: number) => (share < 0.3 ? 2 : share < 0.6 ? 2.5 : 4);
/** Attempts in a row of failed cuts after which a moderate share that stays the same is taken for normal, whatever the noise. */
const LONGEST_DOUBT = 120;
const MODERATE = 0.4;
/** The first wave is spread over this long and judged after this many. With a limit below the number of workers, most of it would be refused. */
const INITIAL_SPACING_S = 0.1;
const FIRST_WAVE = 16;
/** Growth of the pace per second, as a share of it. */
const GROWTH = { first: 0.25, least: 0.02, most: 0.5, doublesEveryMs: 8_000 };
const PAUSE = { firstMs: 1000, longestMs: 60_000 };
/** Where the server names the time: some always say 0, and none is waited for longer than a run is patient. */
const ASKED_PAUSE = { firstMs: 100, longestMs: 1000 };

/** How long nothing starts after the `count`th time that all in flight was refused. */
function pauseAfter(count: number, asked: number | undefined): number {
  const { firstMs, longestMs } = asked === undefined ? PAUSE : ASKED_PAUSE;
  return Math.max(Math.min(asked ?? 0, THROTTLED_MS), Math.min(longestMs, firstMs * 2 ** (count - 1)));
}

export function createRateControl(workers: number): RateControl {
  let rate = workers / INITIAL_SPACING_S;
  let phase: 'unknown' | 'awaiting' | 'running' = 'unknown';
  let window: Window = { since: 0, sent: 0, delivered: 0, refused: 0 };
  let late = noneLate();
  let accepted = 0;
  let test: CutTest | undefined;
  let useless = 0;
  let doubted = 0;
  let nearLimit = false;
  let growth = GROWTH.first;
  let cutAt = 0;
  let grownAt = 0;
  let inFlight = 0;
  let refusedInRow = 0;
  let pauses = 0;
  let probing = false;
  let pausedUntil = 0;

  const renew = (now: number) => {
    window = { since: now, sent: 0, delivered: 0, refused: 0 };
    late = noneLate();
  };

  const cut = (now: number) => {
    const { sent, refused, since, until } = late.sent >= LATE ? late : { ...window, until: now };
    const attempted = Math.min(rate, (sent * 1000) / Math.max(until - since, 50));
    // A few attempts may have been refused by chance; most of many are not.
    const chance = sent >= LATE && refused > 0.6 * sent ? 0.5 : 2;
    const delivered = attempted * (1 - refused / (sent + chance));
    const least = nearLimit && !test ? NEAR_LIMIT_CUT * rate : 0; // slow growth cannot have left the limit far behind
    test = startCutTest(window, test?.restore ?? rate);
    rate = Math.max(CUT * delivered, least, SLOWEST);
    cutAt = grownAt = now;
    renew(now);
  };

  const conclude = (now: number, near: boolean) => {
    test = undefined;
    useless = doubted = 0;
    nearLimit = near;
    grownAt = now;
    renew(now);
  };

  const stay = (now: number) => {
    accepted = Math.min(accepted, window.refused / window.sent);
    if (nearLimit) growth = Math.max(growth / 4, GROWTH.least);
    conclude(now, true);
  };

  const cutAgainOrReset = (now: number, running: CutTest, same: boolean) => {
    const share = pooledShare(running, window);
    if (same) useless += window.sent >= running.length ? 1 : 0.5;
    doubted += window.sent;
    const certain = useless >= uselessCuts(share);
    if (!certain && (!same || nearLimit || share > MODERATE || doubted < LONGEST_DOUBT)) return cut(now);
    rate = running.restore;
    accepted = share;
    growth = GROWTH.most;
    conclude(now, rate !== FREE);
  };

  const review = (now: number) => {
    if (test) {
      const effect = judgeCut(test, window);
      if (effect === 'helped') stay(now);
      else if (effect !== 'unclear') cutAgainOrReset(now, test, effect === 'same');
      return;
    }
    const { sent, delivered, refused } = window;
    if (refused >= mostBy(accepted, sent, 3)) {
      if (phase === 'running') cut(now);
      else if (sent >= Math.min(workers, FIRST_WAVE)) phase = 'awaiting'; // what the server delivers is not known before its first reply
    } else if (delivered + refused >= WINDOW && phase === 'running') {
      if (rate === FREE) accepted = Math.min(accepted, 0.7 * accepted + (0.3 * refused) / sent);
      renew(now);
    }
  };

  const grow = (now: number) => {
    const quiet = Math.floor((now - cutAt) / GROWTH.doublesEveryMs);
    rate *= Math.exp(Math.min(GROWTH.most, growth * 2 ** quiet) * Math.min((now - grownAt) / 1000, 1));
    grownAt = now;
  };

  return {
    rate: (now) => (now < pausedUntil || phase === 'awaiting' || (probing && inFlight > 0) ? 0 : rate),
    pausedUntil: () => pausedUntil,
    pauseUntil(time) {
      pausedUntil = Math.max(pausedUntil, time);
    },
    start(now) {
      if (window.sent === 0) window.since = now;
      window.sent += 1;
      inFlight += 1;
      if (!test && phase === 'running' && rate !== FREE) grow(now);
      const isLate = window.refused > 0;
      if (isLate) {
        if (late.sent === 0) late.since = now;
        late.until = now;
        late.sent += 1;
      }
      return { window, late: isLate };
    },
    delivered(ticket, now) {
      inFlight -= 1;
      refusedInRow = pauses = 0;
      probing = false;
      ticket.window.delivered += 1;
      const before = phase;
      phase = 'running';
      if (before !== 'running') rate = FREE;
      if (before === 'awaiting') cut(now);
      else if (ticket.window === window) review(now);
    },
    refused(ticket, now, retryAfterMs) {
      inFlight -= 1;
      refusedInRow += 1;
      ticket.window.refused += 1;
      if (ticket.window === window) {
        if (ticket.late) late.refused += 1;
        review(now);
      }
      if (refusedInRow < 3 || inFlight > 0) return;
      pauses += 1;
      pausedUntil = Math.max(pausedUntil, now + pauseAfter(pauses, retryAfterMs));
      probing = true;
      if (phase === 'awaiting') phase = 'unknown';
    },
    ended(ticket) {
      inFlight -= 1;
      ticket.window.sent -= 1;
      if (inFlight === 0 && phase === 'awaiting') phase = 'unknown';
    },
  };
}
