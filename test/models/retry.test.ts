import { describe, expect, test } from 'vitest';
import { RunStopError, SampleError } from '#core/errors.ts';
import { CallError, type CallErrorKind } from '#models/call-error.ts';
import { createOutage } from '#models/outage.ts';
import { retryDelay, tryAgain } from '#models/retry.ts';
import { createFakeClock } from './fake-clock.ts';

const { signal } = new AbortController();
const HOUR = 3_600_000;

function setUp() {
  const clock = createFakeClock();
  const notices: string[] = [];
  const outage = createOutage(clock, (message) => notices.push(message));
  const options = { clock, random: () => 0.5, outage };
  /** Fails `times` times, then succeeds. */
  const call = (kind: CallErrorKind, times: number, more: { retryAfterMs?: number; patienceMs?: number } = {}, by = signal) => {
    let attempts = 0;
    const attempt = async () => {
      attempts += 1;
      if (attempts <= times) throw new CallError(kind, 'the server failed', more);
      return attempts;
    };
    return tryAgain(attempt, options, by).catch((error) => error);
  };
  return { clock, call, notices };
}

describe('trying again', () => {
  test('gets through passing faults', async () => {
    const { clock, call } = setUp();
    const result = call('failing', 5);

    await clock.advance(HOUR);

    expect(await result).toBe(6);
  });

  test('gives up on a call that keeps failing, without stopping the run', async () => {
    const { clock, call } = setUp();
    const result = call('failing', 1000);

    await clock.advance(HOUR);

    expect(await result).toBeInstanceOf(SampleError);
    expect(await result).toMatchObject({ code: 'model_unavailable' });
  });

  test('is patient for an hour while the server says to slow down', async () => {
    const { clock, call } = setUp();
    const result = call('throttled', 60, { retryAfterMs: 60_000 });

    await clock.advance(2 * HOUR);

    expect(await result).toBe(61);
  });

  test('stops the run when nothing got through for hours', async () => {
    const { clock, call } = setUp();
    const result = call('throttled', 10_000, { retryAfterMs: 60_000 });

    await clock.advance(3 * HOUR);

    expect(await result).toMatchObject({ name: 'RunStopError', reason: 'quota_exhausted' });
  });

  test('stops the run a minute after a server that never answered', async () => {
    const { clock, call } = setUp();
    const result = call('unreachable', 10_000);

    await clock.advance(100_000);

    expect(await result).toBeInstanceOf(RunStopError);
    expect(await result).toMatchObject({ reason: 'server_unreachable', message: expect.stringContaining('the server failed') });
  });

  test('waits longer for a server that is loading, and says so', async () => {
    const { clock, call, notices } = setUp();
    const result = call('unreachable', 20, { patienceMs: 30 * 60_000, retryAfterMs: 30_000 });

    await clock.advance(HOUR);

    expect(await result).toBe(21);
    expect(notices[0]).toContain('waiting, for up to');
  });

  test('outlives an outage of some minutes in the middle of a run', async () => {
    const { clock, call } = setUp();
    await call('failing', 0);
    const results = Promise.all([call('unreachable', 20), call('unreachable', 20)]);

    await clock.advance(HOUR);

    expect(await results).toEqual([21, 21]);
  });

  test('fails the sample, not the run, when only this one call gets no answer', async () => {
    const { clock, call } = setUp();
    await call('failing', 0);
    const result = call('unreachable', 10_000);

    await clock.advance(HOUR);

    expect(await result).toBeInstanceOf(SampleError);
  });

  test('does not try a rejected question again', async () => {
    const { call } = setUp();

    expect(await call('rejected', 1)).toBeInstanceOf(CallError);
  });

  test('stops waiting when aborted', async () => {
    const { clock, call } = setUp();
    const controller = new AbortController();
    const result = call('throttled', 1, { retryAfterMs: HOUR }, controller.signal);

    await clock.advance(1000);
    controller.abort();

    expect(await result).toMatchObject({ name: 'AbortError' });
  });

  test('never comes back before the server asked, nor much later', () => {
    const error = new CallError('throttled', 'slow down', { retryAfterMs: 1000 });

    expect(retryDelay(error, 1, 0)).toBe(1000);
    expect(retryDelay(error, 9, 0.999)).toBeLessThanOrEqual(1100);
  });

  test('spreads retries over the whole of a growing interval', () => {
    const error = new CallError('failing', 'broken');

    expect([1, 2, 3, 20].map((count) => retryDelay(error, count, 1))).toEqual([1000, 2000, 4000, 30_000]);
    expect(retryDelay(error, 5, 0)).toBe(0);
  });
});
