import { describe, expect, test } from 'vitest';
import { retryAfter } from '#models/http.ts';

describe('Retry-After', () => {
  test.each([
    ['seconds', { 'retry-after': '7' }, 7000],
    ['milliseconds, which go before seconds', { 'retry-after': '7', 'retry-after-ms': '250' }, 250],
    [
      "a date, read against the server's own clock",
      { 'retry-after': 'Tue, 24 Nov 2026 10:00:30 GMT', date: 'Tue, 24 Nov 2026 10:00:00 GMT' },
      30_000,
    ],
    ['a date that is past', { 'retry-after': 'Tue, 24 Nov 2026 09:00:00 GMT', date: 'Tue, 24 Nov 2026 10:00:00 GMT' }, 0],
    ['nonsense', { 'retry-after': 'soon' }, undefined],
    ['nothing', {}, undefined],
  ])('is read as %s', (_what, headers, expected) => {
    expect(retryAfter(headers)).toBe(expected);
  });
});
