import { expect, test } from 'vitest';
import { createConcurrencyLimit } from '#local/concurrency.ts';

const isSettled = async (promise: Promise<void>) => {
  let done = false;
  promise.then(() => (done = true));
  await new Promise((resolve) => setImmediate(resolve));
  return done;
};

test('no more than the most are inside at once', async () => {
  const admission = createConcurrencyLimit({ most: 2, least: 1, bytes: 100 });
  await admission.enter();
  await admission.enter();
  const third = admission.enter();

  expect(await isSettled(third)).toBe(false);
  admission.leave();
  expect(await isSettled(third)).toBe(true);
});

test('many bytes keep others out, but never all of the workers', async () => {
  const admission = createConcurrencyLimit({ most: 8, least: 2, bytes: 100 });
  await admission.enter();
  admission.hold(1000);

  expect(await isSettled(admission.enter())).toBe(true);
  const third = admission.enter();
  expect(await isSettled(third)).toBe(false);
  admission.release(1000);
  expect(await isSettled(third)).toBe(true);
});

test('empty resolves when the last one has left', async () => {
  const admission = createConcurrencyLimit({ most: 2, least: 1, bytes: 100 });
  await admission.enter();
  const empty = admission.empty();

  expect(await isSettled(empty)).toBe(false);
  admission.leave();
  expect(await isSettled(empty)).toBe(true);
});
