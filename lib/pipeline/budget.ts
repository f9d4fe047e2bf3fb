import { RunStopError, UsageError } from '#core/errors.ts';
import type { Usage } from '#core/ports.ts';
import { type BilledModel, computeCost, type SpendingTotals } from '#output/compose-run-file.ts';

/** What a run has cost so far. Its budget covers the earlier invocations in its results folder, too. */
export interface Budget {
  /** Told of every reply as it comes in, so that no call starts on money that is spent. */
  add(model: BilledModel, usage: Usage): void;
  /** Throws `UsageError` for a budget that cannot be kept, since a price is not known. */
  requirePrices(models: readonly BilledModel[]): void;
  /** Replies so far. */
  readonly calls: number;
  /** `undefined` where a price is not known, or the tokens of a reply. */
  readonly usd: number | undefined;
  /** Over all invocations in the results folder. */
  readonly inAll: SpendingTotals;
  /** The reason to stop once the budget is used up, or nobody can know any more whether it is. */
  exceeded(): RunStopError | undefined;
}

const one: Usage = { calls: 1, input: 0, cachedInput: 0, output: 0, thinking: 0 };

const nothing: SpendingTotals = { calls: 0, usd: 0, unpricedCalls: 0 };

/** `now`: milliseconds since 1970, since prices change. `earlier`: spent by the invocations before this one. */
export function createBudget(budgetUsd: number | undefined, now: () => number, earlier: SpendingTotals = nothing): Budget {
  let known = 0;
  let unpricedCalls = 0;
  let usd: number | undefined = 0;
  let calls = 0;
  let silent: BilledModel | undefined;
  const isPriced = (model: BilledModel) => computeCost(model, one, now()) !== undefined;
  return {
    add(model, usage) {
      const cost = computeCost(model, usage, now());
      if (cost === undefined && isPriced(model)) silent ??= model;
      calls += usage.calls;
      known += cost ?? 0;
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
      return { calls: earlier.calls + calls, usd: earlier.usd + known, unpricedCalls: earlier.unpricedCalls + unpricedCalls };
    },
    exceeded() {
      if (budgetUsd === undefined) return undefined;
      if (silent) return createUnknownCostError(silent, budgetUsd);
      const spent = earlier.usd + known;
      if (spent < budgetUsd) return undefined;
      return new RunStopError(
        'budget_reached',
        `the budget is used up: $${spent.toFixed(4)} spent over all invocations, workflow.budget_usd=${budgetUsd}; finished work is saved; fix: raise workflow.budget_usd and run the same command to resume`,
      );
    },
  };
}

/** Stops a run with a budget at the first reply that does not say what it took. */
export function createUnknownCostError({ model }: BilledModel, budgetUsd: number): RunStopError {
  return new RunStopError(
    'budget_reached',
    `workflow.budget_usd=${budgetUsd} cannot be kept: the server of ${model} answered without token counts ("usage"), so the cost is not known; finished work is kept; have the server report usage, or leave the budget out and limit the lines instead (--limit)`,
  );
}
