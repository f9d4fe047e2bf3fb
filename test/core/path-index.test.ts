import { expect, it } from 'vitest';
import { createPathIndex } from '#core/path-index.ts';

it('numbers paths by first appearance, however many there are', () => {
  const index = createPathIndex();
  const paths = Array.from({ length: 20_000 }, (_, number) => `folder/image-${number}.jpg`);

  expect(paths.map((path) => index.add(path)).every(({ number, isNew }, place) => number === place && isNew)).toBe(true);
  expect(paths.toReversed().map((path) => index.add(path).number)).toEqual(paths.map((_, place) => paths.length - 1 - place));
  expect(index.add('folder/image-7.jpg')).toEqual({ number: 7, isNew: false });
});
