import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createConcurrencyLimit } from '#local/concurrency.ts';

/** Starts works that end when the test says so, and lists those that have started. */
function open(options: Parameters<typeof createConcurrencyLimit>[0]) {
  const limit = createConcurrencyLimit(options);
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const start = async (name: string) => {
    void limit.start(() => {
      started.push(name);
      return new Promise((resolve) => ends.set(name, resolve));
    });
    await nextTurn();
  };
  const end = async (name: string) => {
    ends.get(name)?.();
    await nextTurn();
  };
  return { limit, started, start, end };
}

test('no more works than allowed are in progress, and the next one starts when one ends', async () => {
  const { started, start, end } = open({ most: 2, least: 1, bytes: 100 });
  for (const name of ['a', 'b', 'c']) await start(name);

  expect(started).toEqual(['a', 'b']);
  await end('a');
  expect(started).toEqual(['a', 'b', 'c']);
});

test('held bytes prevent further works down to the least number, until they are released', async () => {
  const { limit, started, start } = open({ most: 8, least: 2, bytes: 100 });
  await start('a');
  limit.hold(1000);
  for (const name of ['b', 'c', 'd']) await start(name);

  expect(started).toEqual(['a', 'b']);
  limit.release(1000);
  await nextTurn();
  expect(started).toEqual(['a', 'b', 'c', 'd']);
});

test('start resolves when the work has started, not when it ends', async () => {
  const { limit } = open({ most: 1, least: 1, bytes: 100 });
  await limit.start(() => new Promise(() => {}));
  let hasStarted = false;
  void limit.start(async () => {}).then(() => (hasStarted = true));
  await nextTurn();

  expect(hasStarted).toBe(false);
});
