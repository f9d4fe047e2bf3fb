/**
 * How fast attempts may start, learned from refusals (429). Pure: time comes in, nothing waits here.
 *
 * A refusal can mean two things. A server with a limit refuses what exceeds it: sending less helps, and nothing is lost by it.
 * A busy server refuses a share of everything: sending less only loses time. So the control does not assume, it tries:
 *
 * 1. Free: no pace, workers alone limit. Too many refusals in a window → cut.
 * 2. Cut: the pace becomes 0.9 × what was delivered. If the refused share does not fall with it, twice in a row, cutting is
 *    useless here: back to the pace before, and that share is the new normal (`accepted`). If it falls, stay and
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
export type Ticket = Window;

interface Window {
  since: number;
  sent: number;
  delivered: number;
  refused: number;
}

/** A cut whose effect is not known yet. */
interface Test {
  /** The refused share before the cut. */
  readonly before: number;
  /** The attempts it was measured on. */
  readonly measured: number;
  /** Attempts after which the share after the cut is known well enough. */
  readonly length: number;
  /** The pace to return to when the cut proves useless. */
  readonly restore: number;
}

const WINDOW = 50;
const USELESS_CUTS = 2;
const HOPELESS = 0.45;
const PATIENCE = 120;
const FIRST_WAVE = 16;
const FIRST_KEEP = 0.9;
const SPREAD_S = 0.15;
const LONGEST_PAUSE_MS = 60_000;
const SLOWEST = 1 / 60;
const GROWTH = { first: 0.25, least: 0.02, most: 0.5, doublesEveryMs: 8_000 };

export function createRateControl(workers: number): RateControl {
  // The first wave is spread a little: with a limit below the number of workers, most of it would be refused before the first answer.
  let rate = workers / SPREAD_S;
  let phase: 'unknown' | 'awaiting' | 'running' = 'unknown';
  let window: Window = { since: 0, sent: 0, delivered: 0, refused: 0 };
  let test: Test | undefined;
  let uselessCuts = 0;
  let tried = 0;
  let accepted = 0;
  let settled = false;
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
  };

  const cut = (now: number, keep = 0.9) => {
    const { sent, refused, since } = window;
    const attempted = Math.min(rate, (sent * 1000) / Math.max(now - since, 50));
    const share = refused / sent;
    const delivered = attempted * (1 - refused / (sent + 2));
    const nearLimit = !test && settled ? rate : 0; // slow growth cannot have left the limit far behind
    test = {
      before: share,
      measured: sent,
      length: share > 0.5 ? 20 : Math.min(160, Math.max(40, Math.round(8 / share))),
      restore: test?.restore ?? rate,
    };
    rate = Math.max(keep * Math.max(delivered, nearLimit), SLOWEST);
    cutAt = grownAt = now;
    renew(now);
  };

  const cutHelped = (now: number) => {
    test = undefined;
    uselessCuts = tried = 0;
    accepted = Math.min(accepted, window.refused / window.sent);
    settled = true;
    growth = Math.max(growth / 4, GROWTH.least);
    grownAt = now;
    renew(now);
  };

  /** Refusals went on after the cut. If just as before, the cut did nothing; if not, it was measured against a burst: cut again. */
  const cutFailed = (now: number, { restore, before, measured, length }: Test) => {
    const { sent, refused } = window;
    const pooled = (refused + before * measured) / (sent + measured);
    const noise = 2 * Math.sqrt(pooled * (1 - pooled) * (1 / sent + 1 / measured));
    if (Math.abs(refused / sent - before) <= noise) uselessCuts += sent >= length ? 1 : 0.5;
    tried += sent;
    if (uselessCuts < (pooled < 0.6 ? USELESS_CUTS : 2 * USELESS_CUTS) && (pooled > 0.4 || tried < PATIENCE)) return cut(now);
    growth = GROWTH.most;
    tried = 0;
    rate = restore;
    settled = rate !== Number.POSITIVE_INFINITY;
    accepted = pooled;
    test = undefined;
    uselessCuts = 0;
    renew(now);
  };

  const reviewTest = (now: number, running: Test) => {
    const { sent, delivered, refused } = window;
    const answered = delivered + refused;
    const low = Math.min(running.before, 0.2) / 3;
    const surely = refused === 0 && answered >= 4 / Math.min(running.before, 0.2);
    if (surely || (answered >= running.length && refused <= low * sent)) cutHelped(now);
    else if (refused > tolerated(running.before, sent, 2))
      cut(now); // worse than before: the first estimate was a burst's
    else if (refused > tolerated(low, sent, 2) && (sent >= running.length || refused > HOPELESS * sent)) cutFailed(now, running);
  };

  const review = (now: number) => {
    if (test) return reviewTest(now, test);
    const { sent, refused } = window;
    if (refused >= tolerated(accepted, sent, 3)) {
      if (phase === 'running') cut(now);
      else if (sent >= Math.min(workers, FIRST_WAVE)) phase = 'awaiting'; // what the server delivers is not known before its first reply
    } else if (sent >= WINDOW && phase === 'running') {
      if (rate === Number.POSITIVE_INFINITY) accepted = Math.min(accepted, 0.7 * accepted + (0.3 * refused) / sent);
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
      if (!test && phase === 'running' && rate !== Number.POSITIVE_INFINITY) grow(now);
      return window;
    },
    delivered(ticket, now) {
      inFlight -= 1;
      refusedInRow = pauses = 0;
      probing = false;
      ticket.delivered += 1;
      const first = phase;
      phase = 'running';
      if (first !== 'running') rate = Number.POSITIVE_INFINITY;
      if (first === 'awaiting') cut(now, FIRST_KEEP);
      else if (ticket === window) review(now);
    },
    refused(ticket, now, retryAfterMs) {
      inFlight -= 1;
      refusedInRow += 1;
      ticket.refused += 1;
      if (ticket === window) review(now);
      if (refusedInRow < 3 || inFlight > 0) return;
      pauses += 1;
      pausedUntil = Math.max(pausedUntil, now + (retryAfterMs ?? Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** (pauses - 1))));
      probing = true;
      if (phase === 'awaiting') phase = 'unknown';
    },
    ended(ticket) {
      inFlight -= 1;
      ticket.sent -= 1;
    },
  };
}

/** As many refusals as `sent` attempts may bring when `share` of them is normal: three, and a few standard deviations of the binomial. */
function tolerated(share: number, sent: number, deviations: number): number {
  return 3 + share * sent + deviations * Math.sqrt(share * (1 - share) * sent);
}
