import { describe, expect, test } from 'vitest';
import {
  allowedRate,
  extendPause,
  initialState,
  type RateState,
  recordDelivery,
  recordEnd,
  recordRefusal,
  startAttempt,
  type Ticket,
} from '#models/pacing/rate-state.ts';

/** Starts `count` attempts, one every `everyMs`. */
function startAttempts(state: RateState, count: number, now = 0, everyMs = 0): { state: RateState; tickets: readonly Ticket[] } {
  const tickets: Ticket[] = [];
  for (let index = 0; index < count; index += 1) {
    const started = startAttempt(state, now + index * everyMs);
    state = started.state;
    tickets.push(started.ticket);
  }
  return { state, tickets };
}

/** Attempts in turn, each answered before the next one starts; `isRefused` decides by the number of the attempt. */
function answerInTurn(state: RateState, count: number, from: number, everyMs: number, isRefused: (index: number) => boolean): RateState {
  for (let index = 0; index < count; index += 1) {
    const now = from + index * everyMs;
    const started = startAttempt(state, now);
    state = isRefused(index)
      ? recordRefusal(started.state, started.ticket, now, undefined)
      : recordDelivery(started.state, started.ticket, now);
  }
  return state;
}

const free = () => answerInTurn(initialState(16), 1, 0, 0, () => false);

describe('rate state', () => {
  test('a first wave is spread, and a first reply frees the pace', () => {
    const { state, tickets } = startAttempts(initialState(16), 16);

    expect(state.pace.phase).toBe('starting');
    expect(allowedRate(state, 0)).toBe(160);
    expect(recordDelivery(state, tickets[0] as Ticket, 300).pace).toEqual({ phase: 'free' });
  });

  test('a refused first wave awaits its first reply, whose rate becomes the pace', () => {
    let { state, tickets } = startAttempts(initialState(64), 16, 0, 10);
    for (const ticket of tickets.slice(0, 6)) state = recordRefusal(state, ticket, 160, 1000);
    expect(state.pace.phase).toBe('awaiting');
    expect(allowedRate(state, 160)).toBe(0);

    state = recordDelivery(state, tickets[6] as Ticket, 400);

    expect(state.pace.phase).toBe('cutting');
    expect(allowedRate(state, 400)).toBeLessThan(40);
  });

  test('a refused first wave that ended without a reply starts again', () => {
    let { state, tickets } = startAttempts(initialState(16), 16);
    for (const ticket of tickets.slice(0, 6)) state = recordRefusal(state, ticket, 20, 1000);
    for (const ticket of tickets.slice(6)) state = recordEnd(state, ticket);

    expect(state.pace.phase).toBe('starting');
  });

  test('too many refusals in a free window start a cut below the delivered pace', () => {
    const state = answerInTurn(free(), 6, 100, 25, (index) => index % 2 === 1);

    expect(state.pace.phase).toBe('cutting');
    expect(allowedRate(state, 400)).toBeLessThan(30);
  });

  test('a cut that ends the refusals stays, and the pace grows from there', () => {
    const cut = answerInTurn(free(), 6, 100, 25, (index) => index % 2 === 1);
    const helped = answerInTurn(cut, 22, 1000, 100, () => false);
    const grown = startAttempt(helped, 4000).state;

    expect(helped.pace.phase).toBe('growing');
    expect(allowedRate(grown, 4000)).toBeGreaterThan(allowedRate(helped, 4000));
  });

  test('cuts without effect restore the free pace, and the refused share becomes normal', () => {
    const isRefused = (index: number) => index % 4 === 0;
    const cut = answerInTurn(free(), 40, 100, 25, isRefused);
    expect(cut.pace.phase).toBe('cutting');

    const restored = answerInTurn(cut, 400, 2000, 100, isRefused);

    expect(restored.pace.phase).toBe('free');
    expect(restored.acceptedShare).toBeCloseTo(0.25, 1);
    expect(restored.growth).toBe(0.5);
  });

  test('an attempt from before a cut is no evidence about the pace after it', () => {
    const { state, tickets } = startAttempts(free(), 1, 50);
    const cut = answerInTurn(state, 6, 100, 25, (index) => index % 2 === 1);

    const refusedLater = recordRefusal(cut, tickets[0] as Ticket, 500, undefined);

    expect(refusedLater.window).toEqual(cut.window);
  });

  test('a pause does not end the measurement of a cut', () => {
    const cut = answerInTurn(free(), 6, 100, 25, (index) => index % 2 === 1);
    const paused = answerInTurn(cut, 3, 500, 10, () => true);

    expect(paused.gate).toEqual({ phase: 'probing', pauses: expect.any(Number) });
    expect(paused.pace.phase).toBe('cutting');
    expect(recordDelivery(startAttempt(paused, 9000).state, { window: paused.window.id, late: true }, 9300).gate.phase).toBe('open');
  });

  test('a pause of another worker never shortens the current one', () => {
    const state = extendPause(initialState(4), 5000);

    expect(extendPause(state, 3000).pausedUntil).toBe(5000);
    expect(allowedRate(state, 4999)).toBe(0);
    expect(allowedRate(state, 5000)).toBeGreaterThan(0);
  });

  test('a transition leaves the state before it unchanged', () => {
    const before = initialState(4);
    const copy = structuredClone(before);
    const { state, ticket } = startAttempt(before, 10);
    recordRefusal(recordDelivery(state, ticket, 20), ticket, 30, 1000);

    expect(before).toEqual(copy);
  });
});
