import { describe, expect, test } from 'vitest';
import { openConnections, retryAfter } from '#models/adapters/http.ts';
import { startListener } from '../listener.ts';

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
    [
      'a moment since 1970, as some servers send it',
      { 'retry-after': String(Date.parse('2026-11-24T10:00:30Z') / 1000), date: 'Tue, 24 Nov 2026 10:00:00 GMT' },
      30_000,
    ],
    ['a moment of an unknown clock', { 'retry-after': '1790000000' }, undefined],
    ['a number without end', { 'retry-after': '1e999', date: 'Tue, 24 Nov 2026 10:00:00 GMT' }, undefined],
    ['nonsense', { 'retry-after': 'soon' }, undefined],
    ['nothing', {}, undefined],
  ])('is read as %s', (_what, headers, expected) => {
    expect(retryAfter(headers)).toBe(expected);
  });
});

test('connections of one host send nothing to another, whoever asks for it', async () => {
  const foreign = await startListener();
  const { fetch, close } = await openConnections({ connections: 1, timeoutMs: 1000, host: 'api.openai.com', secrets: [] });

  await expect(fetch(`http://${foreign.host}/v1`)).rejects.toMatchObject({ name: 'RunStopError', reason: 'forbidden' });

  expect(foreign.bytes).toBe(0);
  await Promise.all([close(), foreign.close()]);
});
