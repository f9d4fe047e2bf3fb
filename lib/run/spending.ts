import { RunStopError, UsageError } from '#core/errors.ts';
import type { Usage } from '#core/ports.ts';
import { costOf } from './compose-run-file.ts';

export interface SpendingModel {
  readonly backend: string;
  readonly model: string;
}

/** What a run has cost so far, held against its budget. */
export interface Spending {
  add(model: SpendingModel, usage: Usage): void;
  /** `undefined` where a price is not known. */
  readonly usd: number | undefined;
  /** The reason to stop once the budget is used up. */
  exceeded(): RunStopError | undefined;
}

/** Throws `UsageError` for a budget that cannot be kept, since a price is not known. */
export function createSpending(models: readonly SpendingModel[], budgetUsd: number | undefined): Spending {
  const one = { calls: 1, input: 0, cachedInput: 0, output: 0, thinking: 0 };
  const unknown = models.find(({ backend, model }) => costOf(backend, model, one) === undefined);
  if (unknown && budgetUsd !== undefined)
    throw new UsageError(
      `workflow.budget_usd cannot be kept: the price of ${unknown.model} is not known; leave the budget out and limit the lines instead (--limit)`,
    );
  let usd = 0;
  return {
    add({ backend, model }, usage) {
      usd += costOf(backend, model, usage) ?? 0;
    },
    get usd() {
      return unknown ? undefined : usd;
    },
    exceeded() {
      if (budgetUsd === undefined || usd < budgetUsd) return undefined;
      return new RunStopError(
        'budget_reached',
        `workflow.budget_usd=${budgetUsd} is used up ($${usd.toFixed(4)} spent): finished work is kept; raise it and run the same command to go on`,
      );
    },
  };
}
