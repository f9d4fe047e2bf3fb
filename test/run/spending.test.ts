import { expect, test } from 'vitest';
import { createSpending } from '#run/spending.ts';

const flash = { backend: 'gemini', model: 'gemini-2.5-flash' };
const usage = { calls: 1, input: 1_000_000, cachedInput: 0, output: 0, thinking: 0 };

test('a budget is used up when the known cost reaches it', () => {
  const spending = createSpending([flash], 0.5);

  spending.add(flash, usage);
  expect(spending.exceeded()).toBeUndefined();
  spending.add(flash, usage);

  expect(spending.usd).toBeCloseTo(0.6);
  expect(spending.exceeded()).toMatchObject({ reason: 'budget_reached', message: expect.stringContaining('$0.6000 spent') });
});

test('a budget for a model of unknown price is refused before anything is paid', () => {
  expect(() => createSpending([flash, { backend: 'openai', model: 'my-own-model' }], 1)).toThrow(/the price of my-own-model is not known/);
});

test('without a budget an unknown price is unknown, and the model that runs here costs nothing', () => {
  expect(createSpending([{ backend: 'openai', model: 'my-own-model' }], undefined).usd).toBeUndefined();
  expect(createSpending([{ backend: 'builtin', model: 'builtin' }], 1).usd).toBe(0);
});
