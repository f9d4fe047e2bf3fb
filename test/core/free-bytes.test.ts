import { expect, test } from 'vitest';
import { freeBytes } from '#core/free-bytes.ts';

test('large bytes are given back, once or twice', () => {
  const bytes = Buffer.allocUnsafeSlow(100_000);

  freeBytes(bytes);
  freeBytes(bytes);

  expect(bytes.length).toBe(0);
});

test('bytes that share their memory with others are left alone', () => {
  const [small, all] = [Buffer.from('small'), new Uint8Array(100_000).fill(7)];

  freeBytes(small);
  freeBytes(all.subarray(10));

  expect(small.toString()).toBe('small');
  expect(all[99_999]).toBe(7);
});
