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
  /** A call that fails `times` times, then succeeds. */
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

describe('retries of a call', () => {
  test('a call survives temporary faults', async () => {
    const { clock, call } = setUp();
    const result = call('failing', 5);

    await clock.advance(HOUR);

    expect(await result).toBe(6);
  });

  test('a call that always fails ends its sample, not the run', async () => {
    const { clock, call } = setUp();
    const result = call('failing', 1000);

    await clock.advance(HOUR);

    expect(await result).toBeInstanceOf(SampleError);
    expect(await result).toMatchObject({ code: 'model_unavailable' });
  });

  test('a throttled call is retried for an hour', async () => {
    const { clock, call } = setUp();
    const result = call('throttled', 60, { retryAfterMs: 60_000 });

    await clock.advance(2 * HOUR);

    expect(await result).toBe(61);
  });

  test('hours without any reply stop the run', async () => {
    const { clock, call } = setUp();
    const result = call('throttled', 10_000, { retryAfterMs: 60_000 });

    await clock.advance(3 * HOUR);

    expect(await result).toMatchObject({ name: 'RunStopError', reason: 'quota_exhausted' });
  });

  test('a server that never answers stops the run after a minute', async () => {
    const { clock, call } = setUp();
    const result = call('unreachable', 10_000);

    await clock.advance(100_000);

    expect(await result).toBeInstanceOf(RunStopError);
    expect(await result).toMatchObject({ reason: 'server_unreachable', message: expect.stringContaining('the server failed') });
  });

  test('a loading server is awaited longer, with a notice', async () => {
    const { clock, call, notices } = setUp();
    const result = call('unreachable', 20, { patienceMs: 30 * 60_000, retryAfterMs: 30_000 });

    await clock.advance(HOUR);

    expect(await result).toBe(21);
    expect(notices[0]).toContain('waiting, for up to');
  });

  test('a run survives an outage of some minutes', async () => {
    const { clock, call } = setUp();
    await call('failing', 0);
    const results = Promise.all([call('unreachable', 20), call('unreachable', 20)]);

    await clock.advance(HOUR);

    expect(await results).toEqual([21, 21]);
  });

  test('a single call without a reply fails its sample, not the run', async () => {
    const { clock, call } = setUp();
    await call('failing', 0);
    const result = call('unreachable', 10_000);

    await clock.advance(HOUR);

    expect(await result).toBeInstanceOf(SampleError);
  });

  test.each([
    ['whose connection always breaks', 'unreachable', {}],
    ['that is always too large for the limit', 'throttled', { retryAfterMs: 1000 }],
  ] as const)('a call %s fails its sample while others are answered', async (_what, kind, more) => {
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

  test('several such calls at once all fail their samples', async () => {
    const { clock, call, othersAnswered } = setUp();
    const others = othersAnswered(1000, 3600);
    const results = Promise.all(Array.from({ length: 8 }, () => call('throttled', Number.POSITIVE_INFINITY, { retryAfterMs: 1000 })));

    await clock.advance(HOUR);
    await others;

    expect((await results).every((result) => result instanceof SampleError)).toBe(true);
  });

  test('the last call of a run is retried although no other call is answered', async () => {
    const { clock, call, othersAnswered } = setUp();
    const others = othersAnswered(1000, 20);
    const result = call('throttled', 60, { retryAfterMs: 60_000 });

    await clock.advance(2 * HOUR);
    await others;

    expect(await result).toBe(61);
  });

  test.each([
    ['paced', 2000, 1000],
    ['unpaced, with almost all attempts refused', 400, 10_000],
  ])('no call is lost to a limit of 2 calls per second (%s)', { timeout: 60_000 }, async (pace, calls, retryAfterMs) => {
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
    ['throttled', 86_400_000, 'quota_exhausted', /requests a wait of 24 h, and this run waits for up to 120 min: the server failed; run/],
    ['throttled', 1.79e12, 'quota_exhausted', /requests a wait of 20718 days/],
    ['unreachable', 3_600_000, 'server_unreachable', /requests a wait of 60 min, and this run waits for up to 10 min/],
  ] as const)('a %s server that requests a wait of %d ms stops the run immediately', async (kind, retryAfterMs, reason, message) => {
    const { clock, call } = setUp();
    const result = call(kind, 1, { retryAfterMs });

    await clock.advance(0);

    expect(await result).toMatchObject({ name: 'RunStopError', reason, message: expect.stringMatching(message) });
  });

  test('a Retry-After is honoured before the first reply of a server', async () => {
    const { clock, call } = setUp();
    const result = call('unreachable', 1, { retryAfterMs: 5 * 60_000 });

    await clock.advance(HOUR);

    expect(await result).toBe(2);
  });

  test('the back-off grows for a server with Retry-After 0', () => {
    const error = new CallError('throttled', 'slow down', { retryAfterMs: 0 });

    expect([1, 2, 3, 20].map((count) => retryDelay(error, count, 1))).toEqual([100, 200, 400, 1000]);
    expect(retryDelay(error, 1, 0.5)).toBe(50);
  });

  test('a rejected request is not retried', async () => {
    const { call } = setUp();

    expect(await call('rejected', 1)).toBeInstanceOf(CallError);
  });

  test('an abort ends the wait', async () => {
    const { clock, call } = setUp();
    const controller = new AbortController();
    const result = call('throttled', 1, { retryAfterMs: HOUR }, controller.signal);

    await clock.advance(1000);
    controller.abort();

    expect(await result).toMatchObject({ name: 'AbortError' });
  });

  test('a retry starts at the Retry-After or slightly later', () => {
    const error = new CallError('throttled', 'slow down', { retryAfterMs: 1000 });

    expect(retryDelay(error, 1, 0)).toBe(1000);
    expect(retryDelay(error, 9, 0.999)).toBeLessThanOrEqual(1100);
  });

  test('retries are spread over a growing interval', () => {
    const error = new CallError('failing', 'broken');

    expect([1, 2, 3, 20].map((count) => retryDelay(error, count, 1))).toEqual([1000, 2000, 4000, 30_000]);
    expect(retryDelay(error, 5, 0)).toBe(0);
  });
});
