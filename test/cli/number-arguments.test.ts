import { describe, expect, it } from 'vitest';
import { parseIntegerFrom, parseShare } from '#cli/number-arguments.ts';

describe('arguments that are numbers', () => {
  it.each(['0', '-1', '1.5', '1e3', '', ' 1', 'ten', '9'.repeat(16)])('an integer from 1 rejects %j with the valid range', (text) => {
    expect(() => parseIntegerFrom(1)(text)).toThrow('expected an integer ≥ 1');
  });

  it('an integer without a lower bound may be negative', () => {
    expect(parseIntegerFrom()('-7')).toBe(-7);
    expect(() => parseIntegerFrom()('7.5')).toThrow(/^expected an integer$/);
  });

  it.each(['', '-0.1', '1.1', 'half'])('a share rejects %j with the valid range', (text) => {
    expect(() => parseShare(text)).toThrow('expected a number from 0 to 1');
  });
});
