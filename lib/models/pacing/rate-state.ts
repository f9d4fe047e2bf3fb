import { type CutTest, judgeCut, mostByChance, pooledShare, startCutTest, type Window } from './cut-test.ts';
import { LONGEST_THROTTLING_MS } from './outage.ts';

/**
 * The states of the rate control and the transitions between them. Pure: every transition is a function from one state to the next.
 *
 * ```
 * starting ──all refused──► awaiting ──first reply──► cutting ──helped──► growing
 *     └──────first reply──────► free ──refusals──►      ▲ └──useless──► free or growing
 *                                                       └──refusals─────────┘
 * ```
 */
export type Pace =
  /** No reply yet: the first wave is spread over a moment. */
  | { readonly phase: 'starting' }
  /** The first wave was refused: nothing starts before its first reply, or before all of it ended. */
  | { readonly phase: 'awaiting' }
  /** Only the workers limit. */
  | { readonly phase: 'free' }
  | CuttingPace
  /** Near a known limit: the pace grows until refusals return. */
  | { readonly phase: 'growing'; readonly rate: number; readonly grownAt: number; readonly cutAt: number };

/** The pace was cut and the effect is being measured. `uselessCuts` and `doubted` count over all cuts since the pace was `test.restore`. */
interface CuttingPace {
  readonly phase: 'cutting';
  /** Attempts per second. */
  readonly rate: number;
  readonly cutAt: number;
  readonly test: CutTest;
  /** Cuts without effect; a short one counts half. */
  readonly uselessCuts: number;
  /** Attempts sent during cuts that did not help. */
  readonly doubted: number;
}

/**
 * Whether the server answers at all, independent of the pace: a pause does not end the measurement of a cut.
 * `probing`: every attempt in flight was refused, `pauses` times in a row; attempts are sent one by one until a reply arrives.
 */
export type Gate = { readonly phase: 'open'; readonly refusedInRow: number } | { readonly phase: 'probing'; readonly pauses: number };

export interface RateState {
  readonly workers: number;
  readonly pace: Pace;
  readonly gate: Gate;
  /** Nothing starts before this time; milliseconds of the clock. */
  readonly pausedUntil: number;
  readonly inFlight: number;
  readonly window: Window;
  /** The share of refusals that counts as normal for this server. */
  readonly acceptedShare: number;
  /** Growth of the pace per second, as a share of it. */
  readonly growth: number;
}

/** The window in which an attempt started: an attempt from before a cut is no evidence about the pace after it. */
export interface Ticket {
  readonly window: number;
  /** The attempt started after the first refusal of that window had arrived. */
  readonly late: boolean;
}

/** A smaller number of late attempts is no evidence, and a few attempts may be refused by chance. */
const MIN_LATE = 10;
const SLOWEST = 1 / 60;
const CUT = 0.9;
const NEAR_LIMIT_CUT = 0.8;
/** Finished attempts after which a quiet window is closed. */
const WINDOW = 50;
/** Refusals in a row, with nothing in flight, that start a pause. */
const REFUSED_IN_ROW = 3;
/** The number of useless cuts that proves refusals independent of the pace. A higher share is more likely a limit, so it needs more of them. */
const uselessCutsNeeded = (share: number) => (share < 0.3 ? 2 : share < 0.6 ? 2.5 : 4);
/** Attempts in a row of failed cuts after which a constant, moderate share counts as normal, whatever the noise. */
const LONGEST_DOUBT = 120;
const MODERATE = 0.4;
/** The first wave is spread over this time and judged after this many attempts: below a limit smaller than the workers, most of it would be refused. */
const INITIAL_SPACING_S = 0.1;
const FIRST_WAVE = 16;
/** Growth per second as a share of the pace. It doubles with every quiet period. */
const GROWTH = { first: 0.25, least: 0.02, most: 0.5, doublesEveryMs: 8_000 };
const PAUSE = { firstMs: 1000, longestMs: 60_000 };
/** With a Retry-After from the server; some servers always send 0. */
const REQUESTED_PAUSE = { firstMs: 100, longestMs: 1000 };

export function initialState(workers: number): RateState {
  return {
    workers,
    pace: { phase: 'starting' },
    gate: { phase: 'open', refusedInRow: 0 },
    pausedUntil: 0,
    inFlight: 0,
    window: openWindow(0, 0),
    acceptedShare: 0,
    growth: GROWTH.first,
  };
}

/** Attempts per second allowed now; `Infinity` when only workers limit, 0 during a pause and while a reply is awaited. */
export function allowedRate({ pace, gate, pausedUntil, inFlight, workers }: RateState, now: number): number {
  if (now < pausedUntil || (gate.phase === 'probing' && inFlight > 0)) return 0;
  switch (pace.phase) {
    case 'starting':
      return workers / INITIAL_SPACING_S;
    case 'awaiting':
      return 0;
    case 'free':
      return Number.POSITIVE_INFINITY;
    default:
      return pace.rate;
  }
}

export function startAttempt(state: RateState, now: number): { state: RateState; ticket: Ticket } {
  const { window, pace } = state;
  const late = window.refused > 0;
  const started: Window = {
    ...window,
    since: window.sent === 0 ? now : window.since,
    sent: window.sent + 1,
    late: late
      ? { ...window.late, since: window.late.sent === 0 ? now : window.late.since, until: now, sent: window.late.sent + 1 }
      : window.late,
  };
  const grown = pace.phase === 'growing' ? { ...pace, rate: grownRate(pace, state.growth, now), grownAt: now } : pace;
  return { state: { ...state, pace: grown, window: started, inFlight: state.inFlight + 1 }, ticket: { window: window.id, late } };
}

/** A reply arrived: the server answers, so probing ends. */
export function recordDelivery(state: RateState, ticket: Ticket, now: number): RateState {
  const { pace, window } = state;
  const isCurrent = ticket.window === window.id;
  const delivered: RateState = {
    ...state,
    pace: pace.phase === 'starting' || pace.phase === 'awaiting' ? { phase: 'free' } : pace,
    gate: { phase: 'open', refusedInRow: 0 },
    inFlight: state.inFlight - 1,
    window: isCurrent ? { ...window, delivered: window.delivered + 1 } : window,
  };
  if (pace.phase === 'awaiting') return cutPace(delivered, now);
  return isCurrent ? reviewPace(delivered, now) : delivered;
}

/** The server refused (429). `retryAfterMs` is its own wish for a pause. */
export function recordRefusal(state: RateState, ticket: Ticket, now: number, retryAfterMs: number | undefined): RateState {
  const { window, gate } = state;
  const inFlight = state.inFlight - 1;
  const counted: RateState = {
    ...state,
    inFlight,
    gate: gate.phase === 'open' ? { phase: 'open', refusedInRow: gate.refusedInRow + 1 } : gate,
  };
  if (ticket.window !== window.id) return pauseIfAllRefused(counted, now, retryAfterMs);
  const late = ticket.late ? { ...window.late, refused: window.late.refused + 1 } : window.late;
  const refused = { ...window, refused: window.refused + 1, late };
  return pauseIfAllRefused(reviewPace({ ...counted, window: refused }, now), now, retryAfterMs);
}

/** The attempt ended without evidence about limits. */
export function recordEnd(state: RateState, ticket: Ticket): RateState {
  const { window, pace } = state;
  const inFlight = state.inFlight - 1;
  return {
    ...state,
    inFlight,
    pace: inFlight === 0 && pace.phase === 'awaiting' ? { phase: 'starting' } : pace,
    window: ticket.window === window.id ? { ...window, sent: window.sent - 1 } : window,
  };
}

export function extendPause(state: RateState, until: number): RateState {
  return { ...state, pausedUntil: Math.max(state.pausedUntil, until) };
}

function pauseIfAllRefused(state: RateState, now: number, retryAfterMs: number | undefined): RateState {
  const { gate, pace, inFlight } = state;
  if (inFlight > 0 || (gate.phase === 'open' && gate.refusedInRow < REFUSED_IN_ROW)) return state;
  const pauses = gate.phase === 'probing' ? gate.pauses + 1 : 1;
  return {
    ...extendPause(state, now + pauseMs(pauses, retryAfterMs)),
    gate: { phase: 'probing', pauses },
    pace: pace.phase === 'awaiting' ? { phase: 'starting' } : pace,
  };
}

/** The length of the `count`th pause in a row. */
function pauseMs(count: number, requestedMs: number | undefined): number {
  const { firstMs, longestMs } = requestedMs === undefined ? PAUSE : REQUESTED_PAUSE;
  return Math.max(Math.min(requestedMs ?? 0, LONGEST_THROTTLING_MS), Math.min(longestMs, firstMs * 2 ** (count - 1)));
}

/** Compares the current window with the expectation of its phase, and changes the pace when the evidence is sufficient. */
function reviewPace(state: RateState, now: number): RateState {
  const { pace, window, acceptedShare } = state;
  if (pace.phase === 'cutting') {
    const effect = judgeCut(pace.test, window);
    if (effect === 'unclear') return state;
    return effect === 'helped' ? keepCut(state, pace, now) : cutAgainOrRestore(state, pace, effect === 'same', now);
  }
  const { sent, delivered, refused } = window;
  const isStarting = pace.phase === 'starting' || pace.phase === 'awaiting';
  if (refused >= mostByChance(acceptedShare, sent, 3)) {
    if (!isStarting) return cutPace(state, now);
    // Before the first reply, nothing is known about the pace that the server delivers.
    return sent >= Math.min(state.workers, FIRST_WAVE) ? { ...state, pace: { phase: 'awaiting' } } : state;
  }
  if (isStarting || delivered + refused < WINDOW) return state;
  const share = pace.phase === 'free' ? Math.min(acceptedShare, 0.7 * acceptedShare + (0.3 * refused) / sent) : acceptedShare;
  return { ...state, acceptedShare: share, window: openWindow(window.id + 1, now) };
}

/** Cuts the pace below the delivered one and starts to measure the effect. */
function cutPace(state: RateState, now: number): RateState {
  const { window } = state;
  const rate = currentRate(state.pace);
  const cutting = state.pace.phase === 'cutting' ? state.pace : undefined;
  const { sent, refused, since, until } = window.late.sent >= MIN_LATE ? window.late : { ...window, until: now };
  const attempted = Math.min(rate, (sent * 1000) / Math.max(until - since, 50));
  const chance = sent >= MIN_LATE && refused > 0.6 * sent ? 0.5 : 2;
  const delivered = attempted * (1 - refused / (sent + chance));
  // Slow growth cannot have left the limit far behind.
  const least = state.pace.phase === 'growing' ? NEAR_LIMIT_CUT * rate : 0;
  const pace: CuttingPace = {
    phase: 'cutting',
    rate: Math.max(CUT * delivered, least, SLOWEST),
    cutAt: now,
    test: startCutTest(window, cutting?.test.restore ?? rate),
    uselessCuts: cutting?.uselessCuts ?? 0,
    doubted: cutting?.doubted ?? 0,
  };
  return { ...state, pace, window: openWindow(window.id + 1, now) };
}

/** The cut helped: there is a limit. The pace stays and grows from here, slower with each cut that helped. */
function keepCut(state: RateState, { rate, cutAt, test }: CuttingPace, now: number): RateState {
  const { window, growth } = state;
  return {
    ...state,
    acceptedShare: Math.min(state.acceptedShare, window.refused / window.sent),
    growth: isNearLimit(test) ? Math.max(growth / 4, GROWTH.least) : growth,
    pace: { phase: 'growing', rate, cutAt, grownAt: now },
    window: openWindow(window.id + 1, now),
  };
}

/** The cut did not help: cuts again, or restores the pace once refusals are proven independent of it. */
function cutAgainOrRestore(state: RateState, pace: CuttingPace, isSame: boolean, now: number): RateState {
  const { window } = state;
  const { test, cutAt } = pace;
  const share = pooledShare(test, window);
  const uselessCuts = pace.uselessCuts + (isSame ? (window.sent >= test.length ? 1 : 0.5) : 0);
  const doubted = pace.doubted + window.sent;
  const isConstantModerateShare = isSame && !isNearLimit(test) && share <= MODERATE && doubted >= LONGEST_DOUBT;
  if (uselessCuts < uselessCutsNeeded(share) && !isConstantModerateShare)
    return cutPace({ ...state, pace: { ...pace, uselessCuts, doubted } }, now);
  return {
    ...state,
    acceptedShare: share,
    growth: GROWTH.most,
    pace: isNearLimit(test) ? { phase: 'growing', rate: test.restore, cutAt, grownAt: now } : { phase: 'free' },
    window: openWindow(window.id + 1, now),
  };
}

/** Whether the pace was limited before this cut. */
const isNearLimit = ({ restore }: CutTest) => restore !== Number.POSITIVE_INFINITY;

const currentRate = (pace: Pace) => ('rate' in pace ? pace.rate : Number.POSITIVE_INFINITY);

function grownRate(pace: Extract<Pace, { phase: 'growing' }>, growth: number, now: number): number {
  const quietPeriods = Math.floor((now - pace.cutAt) / GROWTH.doublesEveryMs);
  return pace.rate * Math.exp(Math.min(GROWTH.most, growth * 2 ** quietPeriods) * Math.min((now - pace.grownAt) / 1000, 1));
}

function openWindow(id: number, since: number): Window {
  return { id, since, sent: 0, delivered: 0, refused: 0, late: { since: 0, until: 0, sent: 0, refused: 0 } };
}
