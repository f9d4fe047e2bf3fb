import { expect, test } from 'vitest';
import { chooseLines } from '#input/choose-lines.ts';

const chosen = (choice: ReturnType<typeof chooseLines>, lines: number) =>
  Array.from({ length: lines }, (_, index) => index).filter((index) => choice.has(index));

test('all lines, or the first ones', () => {
  expect(chosen(chooseLines({ seed: 0 }, 4), 4)).toEqual([0, 1, 2, 3]);
  expect(chosen(chooseLines({ seed: 0, limit: 2 }, 4), 4)).toEqual([0, 1]);
  expect(chooseLines({ seed: 0, limit: 9 }, 4)).toMatchObject({ size: 4, end: 4 });
});

test('a sample has the size asked for, equal seeds draw equal lines, other seeds others', () => {
  const draw = (seed: number) => chosen(chooseLines({ sample: 50, seed }, 1000), 1000);

  expect(draw(1)).toHaveLength(50);
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});

test('every line has the same chance to be drawn', () => {
  const times = new Array<number>(20).fill(0);
  for (let seed = 0; seed < 2000; seed++)
    for (const index of chosen(chooseLines({ sample: 5, seed }, 20), 20)) times[index] = (times[index] ?? 0) + 1;

  for (const count of times) expect(Math.abs(count - 500)).toBeLessThan(100);
});

test('a sample is drawn from the first lines where both are given', () => {
  expect(chosen(chooseLines({ sample: 3, limit: 5, seed: 7 }, 1000), 1000).every((index) => index < 5)).toBe(true);
});
