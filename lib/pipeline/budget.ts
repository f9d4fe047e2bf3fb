import { RunStopError, UsageError } from '#core/errors.ts';
import type { Usage } from '#core/ports.ts';
import { type BilledModel, computeCost, type SpendingTotals } from '#output/compose-run-file.ts';

/** The cost of a run so far. The budget also covers the earlier invocations in its results folder. */
export interface Budget {
  /** Adds the usage of a reply. Call it for every reply at once, before another call starts. */
  add(model: BilledModel, usage: Usage): void;
  /** Throws `UsageError` where a budget is set and the price of a model is unknown. */
  requirePrices(models: readonly BilledModel[]): void;
  /** Calls so far. */
  readonly calls: number;
  /** `undefined` where a price or the tokens of a reply are unknown. */
  readonly usd: number | undefined;
  /** Totals over all invocations in the results folder. */
  readonly inAll: SpendingTotals;
  /** The reason to stop: the budget is used up, or the spent amount is unknown. */
  exceeded(): RunStopError | undefined;
}

const oneCall: Usage = { calls: 1, input: 0, cachedInput: 0, output: 0, thinking: 0 };

const noSpending: SpendingTotals = { calls: 0, usd: 0, unpricedCalls: 0 };

/** `budgetUsd`: no limit where `undefined`. `now`: milliseconds since 1970, for prices that change. `earlier`: totals of earlier invocations. */
export function createBudget(budgetUsd: number | undefined, now: () => number, earlier: SpendingTotals = noSpending): Budget {
  let knownUsd = 0;
  let unpricedCalls = 0;
  let usd: number | undefined = 0;
  let calls = 0;
  let modelWithoutUsage: BilledModel | undefined;
  const isPriced = (model: BilledModel) => computeCost(model, oneCall, now()) !== undefined;
  return {
    add(model, usage) {
      const cost = computeCost(model, usage, now());
      if (cost === undefined && isPriced(model)) modelWithoutUsage ??= model;
      calls += usage.calls;
      knownUsd += cost ?? 0;
      if (cost === undefined) unpricedCalls += usage.calls;
      usd = usd === undefined || cost === undefined ? undefined : usd + cost;
    },
    requirePrices(models) {
      const unknown = models.find((model) => !isPriced(model));
      if (unknown && budgetUsd !== undefined)
        throw new UsageError(
          `workflow.budget_usd cannot be kept: the price of ${unknown.model}${unknown.serviceTier ? ` in the service tier "${unknown.serviceTier}"` : ''} is not known; leave the budget out and limit the lines instead (--limit)`,
        );
    },
    get calls() {
      return calls;
    },
    get usd() {
      return usd;
    },
    get inAll() {
      return { calls: earlier.calls + calls, usd: earlier.usd + knownUsd, unpricedCalls: earlier.unpricedCalls + unpricedCalls };
    },
    exceeded() {
      if (budgetUsd === undefined) return undefined;
      if (modelWithoutUsage) return createUnknownCostError(modelWithoutUsage, budgetUsd);
      const spent = earlier.usd + knownUsd;
      if (spent < budgetUsd) return undefined;
      return new RunStopError(
        'budget_reached',
        `the budget is used up: $${spent.toFixed(4)} spent over all invocations, workflow.budget_usd=${budgetUsd}; finished work is saved; fix: raise workflow.budget_usd and run the same command to resume`,
      );
    },
  };
}

/** The stop of a run with a budget at the first reply without token counts. */
export function createUnknownCostError({ model }: BilledModel, budgetUsd: number): RunStopError {
  return new RunStopError(
    'budget_reached',
    `workflow.budget_usd=${budgetUsd} cannot be kept: the server of ${model} answered without token counts ("usage"), so the cost is not known; finished work is saved; fix: have the server report usage, or leave the budget out and limit the lines instead (--limit)`,
  );
}
