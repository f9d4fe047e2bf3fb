import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { limitConcurrency } from '#images/limit-concurrency.ts';

describe('taking turns', () => {
  test('keeps all but a few waiting, and loses none', async () => {
    let [busy, most] = [0, 0];
    const work = async (index: number) => {
      busy += 1;
      most = Math.max(most, busy);
      await setTimeout(2);
      busy -= 1;
      return index;
    };

    const done = await Promise.all(Array.from({ length: 40 }, (_, index) => limitConcurrency(() => work(index))));

    expect(done).toEqual(Array.from({ length: 40 }, (_, index) => index));
    expect(most).toBeLessThanOrEqual(4);
  });

  test('a failure does not block other work', async () => {
    const failed = await Promise.allSettled(Array.from({ length: 20 }, () => limitConcurrency(() => Promise.reject(new Error('no')))));

    expect(failed.every(({ status }) => status === 'rejected')).toBe(true);
    await expect(limitConcurrency(async () => 'yes')).resolves.toBe('yes');
  });

  test('does not begin work that was aborted while it waited', async () => {
    const controller = new AbortController();
    const begun: number[] = [];
    const all = Array.from({ length: 10 }, (_, index) =>
      limitConcurrency(async () => {
        begun.push(index);
        await setTimeout(2);
      }, controller.signal),
    );

    controller.abort();
    await Promise.allSettled(all);

    expect(begun.length).toBeLessThanOrEqual(4);
  });
});
