import { describe, expect, test } from 'vitest';
import type { Usage } from '#core/ports.ts';
import { CallError } from '#models/adapters/call-error.ts';
import { createPacer, type PacerOptions, PRECEDENCE } from '#models/pacing/pacer.ts';
import { createFakeClock } from '../fake-clock.ts';

const usage: Usage = { calls: 1, input: 900, cachedInput: 0, output: 100, thinking: 0 };
const { signal } = new AbortController();

function setUp(options: Partial<PacerOptions> = {}) {
  const clock = createFakeClock();
  const pacer = createPacer({ workers: 4, clock, ...options });
  const starts: number[] = [];
  const call = (ms = 100, by = signal) =>
    pacer.run(
      async () => {
        starts.push(clock.now());
        await clock.sleep(ms, by);
        return { usage };
      },
      PRECEDENCE.first,
      by,
    );
  return { clock, pacer, starts, call };
}

describe('pacer', () => {
  test('attempts in flight never exceed the workers', async () => {
    const { clock, pacer } = setUp();
    let [running, most] = [0, 0];
    const attempt = async () => {
      running += 1;
      most = Math.max(most, running);
      await clock.sleep(100, signal);
      running -= 1;
      return { usage };
    };
    const all = Promise.all(Array.from({ length: 40 }, () => pacer.run(attempt, PRECEDENCE.first, signal)));

    await clock.advance(10_000);
    await all;

    expect(most).toBe(4);
  });

  test('starts respect the requests per minute of the user', async () => {
    const { clock, starts, call } = setUp({ requestsPerMinute: 60 });
    const all = Promise.all(Array.from({ length: 10 }, () => call()));

    await clock.advance(60_000);
    await all;

    expect((starts.at(-1) as number) - (starts[0] as number)).toBeGreaterThanOrEqual(8900);
  });

  test('starts respect the tokens per minute, by the measured tokens of calls', async () => {
    const { clock, starts, call } = setUp({ tokensPerMinute: 60_000 });
    const all = Promise.all(Array.from({ length: 121 }, () => call()));

    await clock.advance(600_000);
    await all;

    const lastMinute = starts.filter((at) => at > (starts.at(-1) as number) - 60_000).length;
    expect(lastMinute * 1000).toBeGreaterThan(50_000);
    expect(lastMinute * 1000).toBeLessThan(66_000);
  });

  test('unreported tokens count with the initial estimate', async () => {
    const { clock, pacer } = setUp({ tokensPerMinute: 60_000 });
    const unreported = { calls: 1, input: 0, cachedInput: 0, output: 0, thinking: 0, unreported: 1 };
    const starts: number[] = [];
    const attempt = async () => {
      starts.push(clock.now());
      return { usage: unreported };
    };
    const all = Promise.all(Array.from({ length: 61 }, () => pacer.run(attempt, PRECEDENCE.first, signal)));

    await clock.advance(600_000);
    await all;

    expect(starts.filter((at) => at < 60_000).length).toBeLessThan(33);
  });

  test('retries start before first requests, and those before following ones', async () => {
    const { clock, pacer } = setUp({ workers: 1 });
    const order: string[] = [];
    const run = (name: keyof typeof PRECEDENCE) =>
      pacer.run(
        async () => {
          order.push(name);
          await clock.sleep(10, signal);
          return { usage };
        },
        PRECEDENCE[name],
        signal,
      );
    const all = Promise.all([run('following'), run('following'), run('first'), run('retry'), run('first')]);

    await clock.advance(1000);
    await all;

    expect(order).toEqual(['following', 'retry', 'first', 'first', 'following']);
  });

  test('an aborted attempt leaves its place to the next one', async () => {
    const { clock, call, starts } = setUp({ workers: 1 });
    const controller = new AbortController();
    const running = call();
    const aborted = call(100, controller.signal).catch((error) => error);
    const next = call();
    controller.abort();

    await clock.advance(1000);
    await Promise.all([running, next]);

    expect(await aborted).toMatchObject({ name: 'AbortError' });
    expect(starts).toHaveLength(2);
  });

  test('no attempt starts during a pause of another worker', async () => {
    const { clock, pacer, starts, call } = setUp();
    pacer.pauseUntil(5000);
    const called = call();

    await clock.advance(10_000);
    await called;

    expect(starts[0]).toBeGreaterThanOrEqual(5000);
  });

  test('a long pause is reported once everything in flight was refused', async () => {
    const pauses: number[] = [];
    const { clock, pacer } = setUp({ onPause: (until) => pauses.push(until) });
    const refused = async () => {
      await clock.sleep(50, signal);
      throw new CallError('throttled', 'slow down', { retryAfterMs: 30_000 });
    };
    const all = Promise.allSettled(Array.from({ length: 4 }, () => pacer.run(refused, PRECEDENCE.first, signal)));

    await clock.advance(2000);
    await all;

    expect(pauses).toHaveLength(1);
    expect(pauses[0]).toBeGreaterThanOrEqual(30_000);
  });

  test('starts respect a rate limit set by the caller', async () => {
    const { clock, pacer, starts, call } = setUp();
    pacer.limitRate(2);
    const all = Promise.all(Array.from({ length: 9 }, () => call()));

    await clock.advance(60_000);
    await all;

    expect((starts.at(-1) as number) - (starts[0] as number)).toBeGreaterThanOrEqual(3900);
  });
});
