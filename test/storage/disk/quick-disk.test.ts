import { expect, test } from 'vitest';
import { createQuickDisk } from '#storage/disk/quick-disk.ts';

function setUp() {
  let time = 0;
  const disk = createQuickDisk({ now: () => time });
  const ask = (ms: number) =>
    disk.run(
      () => {
        time += ms;
        return 'now';
      },
      async () => 'later',
    );
  return { disk, ask };
}

test('a fast disk is used on this thread', async () => {
  const { ask } = setUp();

  expect([await ask(0.1), await ask(0.5), await ask(0.1)]).toEqual(['now', 'now', 'now']);
});

test('after a slow request the thread pool is used, for longer after each further slow one', async () => {
  const { ask } = setUp();
  const answers: string[] = [];

  for (let i = 0; i < 50; i++) answers.push(await ask(20));

  const onThisThread = answers.flatMap((answer, i) => (answer === 'now' ? [i] : []));
  expect(onThisThread).toEqual([0, 9, 26]);
});

test('a disk that is fast again is used on this thread again', async () => {
  const { ask } = setUp();
  await ask(20);
  for (let i = 0; i < 8; i++) await ask(0.1);

  expect([await ask(0.1), await ask(0.1)]).toEqual(['now', 'now']);
});

test('a slow failure counts as a slow request, and is thrown', async () => {
  let time = 0;
  const disk = createQuickDisk({ now: () => time });
  const fails = () => {
    time += 20;
    throw new Error('gone');
  };

  await expect(disk.run(fails, async () => 'later')).rejects.toThrow('gone');
  expect(
    await disk.run(
      () => 'now',
      async () => 'later',
    ),
  ).toBe('later');
});
