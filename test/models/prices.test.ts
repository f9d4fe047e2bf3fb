import { describe, expect, test } from 'vitest';
import { costUsd, priceOf } from '#models/prices.ts';

const million = { calls: 1, input: 1_000_000, cachedInput: 0, output: 0, thinking: 0 };

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
    expect(costUsd(model, million)).toBeCloseTo(0.25);
  });

  test('a lighter sibling is never taken for the model', () => {
    expect(priceOf('gemini-3.5-flash-lite')).not.toEqual(priceOf('gemini-3.5-flash'));
  });

  test('thinking is billed as output', () => {
    expect(costUsd('gemini-3.8-flash', { ...million, input: 0, output: 400_000, thinking: 600_000 })).toBeCloseTo(3.75);
  });

  test('cached input is billed at its own price', () => {
    expect(costUsd('gemini-3.8-flash', { ...million, cachedInput: 1_000_000 })).toBeCloseTo(0.075);
  });

  test.each(['Qwen/Qwen3-VL-8B-Instruct', 'my-model', '', 'gemini-3.1-flash-lite:free'])('"%s" has no known price', (model) => {
    expect(costUsd(model, million)).toBeUndefined();
  });
});
