import { describe, expect, test } from 'vitest';
import { RunStopError, SampleError } from '#core/errors.ts';
import { CallError, type CallErrorKind } from '#models/adapters/call-error.ts';
import { createOutage } from '#models/pacing/outage.ts';
import { createPacer, PRECEDENCE } from '#models/pacing/pacer.ts';
import { retryCall, retryDelay } from '#models/pacing/retry-call.ts';
import { createFakeClock } from '../fake-clock.ts';
import { mulberry32 } from './simulated-server.ts';

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
    return retryCall(attempt, options, by).catch((error) => error);
  };
  /** Other calls, each answered. */
  const othersAnswered = async (everyMs: number, times: number) => {
    for (let i = 0; i < times; i += 1) {
      await clock.sleep(everyMs, signal);
      await call('failing', 0);
    }
  };
  return { clock, call, notices, options, othersAnswered };
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

  test.each([
    ['whose connection always breaks', 'unreachable', {}],
    ['that is always too large for the limit', 'throttled', { retryAfterMs: 1000 }],
  ] as const)('gives up on a call %s, while others are answered', async (_what, kind, more) => {
    const { clock, call, othersAnswered } = setUp();
    const others = othersAnswered(3000, 1000);
    let took = 0;
    const result = call(kind, Number.POSITIVE_INFINITY, more).finally(() => {
      took = clock.now();
    });

    await clock.advance(HOUR);
    await others;

    expect(await result).toBeInstanceOf(SampleError);
    expect(await result).toMatchObject({
      code: 'model_unavailable',
      message: expect.stringMatching(
        /^gave up after \d+ attempts in 1\d min, in which \d+ other calls were answered: the server failed; if/,
      ),
    });
    expect(took).toBeGreaterThanOrEqual(10 * 60_000);
    expect(took).toBeLessThan(20 * 60_000);
  });

  test('gives up on several such calls at once, though each makes the server look worse to the others', async () => {
    const { clock, call, othersAnswered } = setUp();
    const others = othersAnswered(1000, 3600);
    const results = Promise.all(Array.from({ length: 8 }, () => call('throttled', Number.POSITIVE_INFINITY, { retryAfterMs: 1000 })));

    await clock.advance(HOUR);
    await others;

    expect((await results).every((result) => result instanceof SampleError)).toBe(true);
  });

  test('stays patient with the last call of a run, when nothing else is left to be answered', async () => {
    const { clock, call, othersAnswered } = setUp();
    const others = othersAnswered(1000, 20);
    const result = call('throttled', 60, { retryAfterMs: 60_000 });

    await clock.advance(2 * HOUR);
    await others;

    expect(await result).toBe(61);
  });

  test.each([
    ['paced', 2000, 1000],
    ['unpaced, where nearly all attempts are refused', 400, 10_000],
  ])('loses nothing to a limit of 2 calls per second (%s)', { timeout: 60_000 }, async (pace, calls, retryAfterMs) => {
    const { clock, options } = setUp();
    const random = mulberry32(7);
    const pacer = pace === 'paced' ? createPacer({ workers: 64, clock }) : undefined;
    const usage = { calls: 1, input: 900, cachedInput: 0, output: 100, thinking: 0 };
    let [tokens, filledAt, most, lost] = [2, 0, 0, 0];
    const send = async () => {
      tokens = Math.min(2, tokens + ((clock.now() - filledAt) / 1000) * 2);
      filledAt = clock.now();
      if (tokens < 1) throw new CallError('throttled', 'slow down', { retryAfterMs });
      tokens -= 1;
      await clock.sleep(300, signal);
      return { usage };
    };
    const ask = () => {
      let attempts = 0;
      const attempt = (again: boolean) => {
        attempts += 1;
        most = Math.max(most, attempts);
        return pacer ? pacer.run(send, again ? PRECEDENCE.retry : PRECEDENCE.first, signal) : send();
      };
      return retryCall(attempt, { ...options, random }, signal);
    };
    let left = calls;
    const work = async () => {
      while (left-- > 0)
        await ask().catch(() => {
          lost += 1;
        });
    };
    const all = Promise.all(Array.from({ length: 132 }, work));

    await clock.advance(HOUR);
    await all;

    expect(lost).toBe(0);
    if (pace !== 'paced') expect(most).toBeGreaterThan(60);
  });

  test.each([
    ['throttled', 86_400_000, 'quota_exhausted', /asks to wait for 24 h, and this run waits for up to 120 min: the server failed; run/],
    ['throttled', 1.79e12, 'quota_exhausted', /asks to wait for 20718 days/],
    ['unreachable', 3_600_000, 'server_unreachable', /asks to wait for 60 min, and this run waits for up to 10 min/],
  ] as const)('ends the run at once where a server that is %s asks to wait for %d ms', async (kind, retryAfterMs, reason, message) => {
    const { clock, call } = setUp();
    const result = call(kind, 1, { retryAfterMs });

    await clock.advance(0);

    expect(await result).toMatchObject({ name: 'RunStopError', reason, message: expect.stringMatching(message) });
  });

  test('waits as long as a server asks that has not answered yet, though its patience would be shorter', async () => {
    const { clock, call } = setUp();
    const result = call('unreachable', 1, { retryAfterMs: 5 * 60_000 });

    await clock.advance(HOUR);

    expect(await result).toBe(2);
  });

  test('backs off, a little more each time, from a server that asks for no wait at all', () => {
    const error = new CallError('throttled', 'slow down', { retryAfterMs: 0 });

    expect([1, 2, 3, 20].map((count) => retryDelay(error, count, 1))).toEqual([100, 200, 400, 1000]);
    expect(retryDelay(error, 1, 0.5)).toBe(50);
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
