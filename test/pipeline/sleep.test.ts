import { expect, test } from 'vitest';
import { sleep } from '#pipeline/sleep.ts';

test('a sleep takes the requested time', async () => {
  const started = performance.now();

  await sleep(30, new AbortController().signal);

  expect(performance.now() - started).toBeGreaterThanOrEqual(29);
});

test.each([2 ** 31, 1.79e12])('a sleep of %d ms, longer than a timer, does not end at once, and can be aborted', async (ms) => {
  const controller = new AbortController();
  let over = false;
  const sleeping = sleep(ms, controller.signal).then(() => {
    over = true;
  });

  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(over).toBe(false);
  controller.abort();

  await expect(sleeping).rejects.toMatchObject({ name: 'AbortError' });
});
