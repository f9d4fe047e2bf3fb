import { describe, expect, it } from 'vitest';
import { readTokenCount, StoredUsage, usageOfCall } from '#core/usage.ts';

describe('a token count', () => {
  it.each<[unknown, number | undefined]>([
    [12, 12],
    [0, 0],
    [10.5, 11],
    ['12', 12],
    ['12.0', 12],
    [' 7 ', 7],
    [-1, undefined],
    ['-1', undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    [1e300, undefined],
    [null, undefined],
    [undefined, undefined],
    ['', undefined],
    ['many', undefined],
    [true, undefined],
    [[12], undefined],
    [{}, undefined],
  ])('of %o is read as %o', (value, expected) => {
    expect(readTokenCount(value)).toBe(expected);
  });
});

describe('the usage of a call', () => {
  it('is an integer ≥ 0 for any value of the server', () => {
    expect(usageOfCall({ input: '100', cachedInput: '4.0', output: 10.5, thinking: null })).toEqual({
      calls: 1,
      input: 100,
      cachedInput: 4,
      output: 11,
      thinking: 0,
    });
  });

  it.each([
    { input: undefined, cachedInput: 0, output: 5, thinking: 0 },
    { input: 0, cachedInput: 0, output: 5, thinking: 0 },
    { input: -1, cachedInput: 0, output: 5, thinking: 0 },
    { input: 9, cachedInput: 0, output: -1, thinking: 0 },
    { input: 9, cachedInput: 0, output: 'many', thinking: 0 },
  ])('is unreported where a count cannot be read, or the input has none: %o', (reported) => {
    expect(usageOfCall(reported)).toMatchObject({ calls: 1, unreported: 1 });
  });

  it('has no more cached input than input, which would make a negative cost', () => {
    expect(usageOfCall({ input: 10, cachedInput: 50, output: 5, thinking: 0 })).toMatchObject({ input: 10, cachedInput: 10 });
  });
});

describe('stored usage', () => {
  const complete = { calls: 2, input: 20, cachedInput: 0, output: 6, thinking: 0 };

  it('is unchanged when it is complete', () => {
    expect(StoredUsage.parse({ ...complete, unreported: 1 })).toEqual({ ...complete, unreported: 1 });
    expect(StoredUsage.parse(complete)).toEqual(complete);
  });

  it('of an earlier version is completed', () => {
    expect(StoredUsage.parse({ ...complete, input: 20.5, output: 6.4 })).toEqual({ ...complete, input: 21, output: 6 });
    expect(StoredUsage.parse({ ...complete, calls: 1, input: '012' })).toEqual({ ...complete, calls: 1, input: 12 });
  });

  it('of an earlier version that is no count is unreported', () => {
    expect(StoredUsage.parse({ ...complete, input: -1 })).toEqual({ ...complete, input: 0, unreported: 2 });
    expect(StoredUsage.parse({ ...complete, output: null })).toEqual({ ...complete, output: 0, unreported: 2 });
    expect(StoredUsage.parse({ ...complete, input: '00120012' })).toEqual({ ...complete, input: 0, unreported: 2 });
  });
});
