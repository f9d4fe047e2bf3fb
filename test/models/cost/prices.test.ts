import { describe, expect, test } from 'vitest';
import { costUsd, findPrice } from '#models/cost/prices.ts';

const million = { calls: 1, input: 1_000_000, cachedInput: 0, output: 0, thinking: 0 };
const today = Date.parse('2026-11-28');

describe('prices', () => {
  test.each([
    'gemini-3.1-flash-lite',
    'models/gemini-3.1-flash-lite',
    'gcp/google/gemini-3.1-flash-lite',
    'gemini-3.1-flash-lite-preview',
    'gemini-3.1-flash-lite-001',
    'gemini-3.1-flash-lite-preview-09-2026',
    'google/Gemini-3.1-Flash-Lite-2026-08-13',
  ])('%s costs what gemini-3.1-flash-lite costs', (model) => {
    expect(costUsd({ model }, million, today)).toBeCloseTo(0.25);
  });

  test('a lighter sibling never has the price of the model', () => {
    expect(findPrice('gemini-3.5-flash-lite', today)).not.toEqual(findPrice('gemini-3.5-flash', today));
  });

  test('thinking is billed as output', () => {
    expect(costUsd({ model: 'gemini-3.8-flash' }, { ...million, input: 0, output: 400_000, thinking: 600_000 }, today)).toBeCloseTo(3.75);
  });

  test('cached input is billed at its own price', () => {
    expect(costUsd({ model: 'gemini-3.8-flash' }, { ...million, cachedInput: 1_000_000 }, today)).toBeCloseTo(0.075);
  });

  test.each(['Qwen/Qwen3-VL-8B-Instruct', 'my-model', '', 'gemini-3.1-flash-lite:free'])('"%s" has no known price', (model) => {
    expect(costUsd({ model }, million, today)).toBeUndefined();
  });

  test.each([
    ['gemini-3.6-flash', '2026-12-31T23:59:59Z', 0.75],
    ['gemini-3.8-flash-preview', '2027-01-01T00:00:00Z', 1.5],
    ['gpt-4.1', '2027-01-01T00:00:00Z', 2],
  ])('%s has the announced price at %s', (model, at, usd) => {
    expect(costUsd({ model }, million, Date.parse(at))).toBeCloseTo(usd);
  });

  test.each([
    [undefined, 2],
    ['auto', 2],
    ['flex', 1],
    ['FLEX', 1],
    ['priority', undefined],
  ])('the service tier %s has a price of its own', (serviceTier, usd) => {
    expect(costUsd({ model: 'gpt-4.1', serviceTier }, million, today)).toBe(usd);
  });

  test('unreported tokens have an unknown cost', () => {
    expect(costUsd({ model: 'gpt-4.1' }, { ...million, unreported: 1 }, today)).toBeUndefined();
  });
});
