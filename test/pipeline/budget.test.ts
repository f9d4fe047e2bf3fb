import { expect, test } from 'vitest';
import { createBudget } from '#pipeline/budget.ts';

const now = () => Date.parse('2026-11-28');
const flash = { backend: 'gemini', model: 'gemini-2.5-flash' };
const own = { backend: 'openai', model: 'my-own-model' };
const builtin = { backend: 'builtin', model: 'builtin' };
const usage = { calls: 1, input: 1_000_000, cachedInput: 0, output: 0, thinking: 0 };

test('a budget is used up when the known cost reaches it', () => {
  const spending = createBudget(0.5, now);
  spending.requirePrices([flash]);

  spending.add(flash, usage);
  expect(spending.exceeded()).toBeUndefined();
  spending.add(flash, usage);

  expect(spending.usd).toBeCloseTo(0.6);
  expect(spending.exceeded()).toMatchObject({ reason: 'budget_reached', message: expect.stringContaining('$0.6000 spent') });
});

test('a budget for a model of unknown price is refused before any call', () => {
  expect(() => createBudget(1, now).requirePrices([flash, own])).toThrow(/the price of my-own-model is not known/);
});

test('a reply without token counts ends a run with a budget, and makes the cost unknown', () => {
  const [limited, unlimited] = [createBudget(1, now), createBudget(undefined, now)];
  const unreported = { calls: 1, input: 0, cachedInput: 0, output: 0, thinking: 0, unreported: 1 };
  limited.requirePrices([flash]);

  for (const spending of [limited, unlimited]) {
    spending.add(flash, usage);
    spending.add(flash, unreported);
  }

  expect(limited.exceeded()).toMatchObject({
    reason: 'budget_reached',
    message: expect.stringMatching(/gemini-2.5-flash answered without token counts.*report usage, or leave the budget out/),
  });
  expect(unlimited.exceeded()).toBeUndefined();
  expect(unlimited.usd).toBeUndefined();
});

test('without a budget an unknown price is unknown, and the model that runs here costs nothing', () => {
  const [withoutBudget, withBudget] = [createBudget(undefined, now), createBudget(1, now)];

  withoutBudget.requirePrices([own]);
  withoutBudget.add(own, usage);
  withBudget.requirePrices([builtin]);
  withBudget.add(builtin, usage);

  expect(withoutBudget.usd).toBeUndefined();
  expect(withBudget.usd).toBe(0);
});

test('a call in the flex tier takes half of the budget, one after a price change what it costs then', () => {
  let today = '2026-12-31';
  const spending = createBudget(10, () => Date.parse(today));

  spending.add({ ...flash, serviceTier: 'flex' }, usage);
  expect(spending.usd).toBeCloseTo(0.15);
  spending.add({ backend: 'gemini', model: 'gemini-3.8-flash' }, usage);
  expect(spending.usd).toBeCloseTo(0.9);
  today = '2027-01-01';
  spending.add({ backend: 'gemini', model: 'gemini-3.8-flash' }, usage);

  expect(spending.usd).toBeCloseTo(2.4);
});

test('a budget for a tier of unknown price is refused with the name of the tier', () => {
  const priority = { ...flash, serviceTier: 'priority' };

  expect(() => createBudget(1, now).requirePrices([priority])).toThrow(/gemini-2.5-flash in the service tier "priority" is not known/);
});
