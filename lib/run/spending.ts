import { RunStopError, UsageError } from '#core/errors.ts';
import type { Usage } from '#core/ports.ts';
import { type BilledModel, costOf } from './compose-run-file.ts';

/** What a run has cost so far, held against its budget. */
export interface Spending {
  /** Told of every reply as it comes in, so that no call starts on money that is spent. */
  add(model: BilledModel, usage: Usage): void;
  /** Throws `UsageError` for a budget that cannot be kept, since a price is not known. */
  requirePrices(models: readonly BilledModel[]): void;
  /** Replies so far. */
  readonly calls: number;
  /** `undefined` where a price is not known, or the tokens of a reply. */
  readonly usd: number | undefined;
  /** The reason to stop once the budget is used up, or nobody can know any more whether it is. */
  exceeded(): RunStopError | undefined;
}

const one: Usage = { calls: 1, input: 0, cachedInput: 0, output: 0, thinking: 0 };

/** `now`: milliseconds since 1970, since prices change. */
export function createSpending(budgetUsd: number | undefined, now: () => number): Spending {
  let usd: number | undefined = 0;
  let calls = 0;
  let silent: BilledModel | undefined;
  const isPriced = (model: BilledModel) => costOf(model, one, now()) !== undefined;
  return {
    add(model, usage) {
      const cost = costOf(model, usage, now());
      if (cost === undefined && isPriced(model)) silent ??= model;
      calls += usage.calls;
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
    exceeded() {
      if (budgetUsd !== undefined && silent) return costUntold(silent, budgetUsd);
      if (budgetUsd === undefined || usd === undefined || usd < budgetUsd) return undefined;
      return new RunStopError(
        'budget_reached',
        `workflow.budget_usd=${budgetUsd} is used up ($${usd.toFixed(4)} spent): finished work is kept; raise it and run the same command to go on`,
      );
    },
  };
}

/** Stops a run with a budget at the first reply that does not say what it took. */
export function costUntold({ model }: BilledModel, budgetUsd: number): RunStopError {
  return new RunStopError(
    'budget_reached',
    `workflow.budget_usd=${budgetUsd} cannot be kept: the server of ${model} answered without token counts ("usage"), so the cost is not known; finished work is kept; have the server report usage, or leave the budget out and limit the lines instead (--limit)`,
  );
}
