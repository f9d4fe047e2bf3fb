import type { FileFacts, RunFile, RunFileStep } from '#core/run-file.ts';
import { withoutSecrets } from '#core/secrets/redact-secrets.ts';
import type { Settings } from '#core/settings.ts';
import type { StepName } from '#core/step-names.ts';
import { composeRunTokens, type Usage } from '#core/usage.ts';
import { costUsd, type PricedModel } from '#models/cost/prices.ts';
import type { StepProvenance } from './compose-record.ts';
import type { RunTally } from './run-tally.ts';

/** The model of one step, as `run.json` names it. */
export interface StepModelFacts extends StepProvenance {
  readonly backend: string;
  readonly endpoint: string;
  readonly serviceTier?: string;
}

export interface RunFileFacts {
  readonly runId: string;
  readonly version: string;
  readonly status: 'running' | 'finished' | 'stopped';
  readonly stop?: RunFile['stop'];
  readonly settings: Settings;
  /** The run that first reprocessed all lines, if this run continues it. */
  readonly forcedSince?: string | undefined;
  readonly input: { readonly path: string; readonly sha256: string; readonly lines: number };
  readonly imageBase: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly finishedAt?: number;
  readonly tally: RunTally;
  /** Of all calls of this run, pending samples and the check of the model included. */
  readonly spent: { readonly calls: number; readonly usd: number | undefined };
  /** Of all invocations in this results folder. */
  readonly spentInAll?: SpendingTotals | undefined;
  readonly firstPendingLine?: number | undefined;
  /** Of the steps that run. */
  readonly steps: Partial<Record<StepName, StepModelFacts>>;
  readonly files: Record<string, FileFacts>;
  readonly notices?: readonly string[];
}

/** Calls and cost over all invocations of a results folder. */
export interface SpendingTotals {
  readonly calls: number;
  /** Of the calls whose cost is known. */
  readonly usd: number;
  /** Calls whose cost is not known. */
  readonly unpricedCalls: number;
}

/** The text of `run.json`, a `RunFile`. Costs are left out where a price or the tokens are not known. */
export function composeRunFile(facts: RunFileFacts): string {
  const {
    runId,
    version,
    status,
    stop,
    settings,
    forcedSince,
    input,
    imageBase,
    startedAt,
    finishedAt,
    tally,
    spent,
    spentInAll,
    firstPendingLine,
    files,
    notices,
  } = facts;
  const steps = Object.entries(facts.steps).map(
    ([name, model]) => [name, composeStep(model, tally.steps[name as StepName], startedAt)] as const,
  );
  const { done, partial, failed, cached } = tally;
  const run: RunFile = {
    run_id: runId,
    version,
    status,
    stop,
    input: input.path,
    input_sha256: input.sha256,
    image_base: imageBase,
    started_at: new Date(startedAt).toISOString(),
    finished_at: finishedAt === undefined ? undefined : new Date(finishedAt).toISOString(),
    seconds: finishedAt === undefined ? undefined : Math.round(finishedAt - startedAt) / 1000,
    counts: { lines: input.lines, done, partial, failed, pending: input.lines - done - failed, cached },
    first_pending_line: firstPendingLine,
    forced_since: forcedSince,
    failures: tally.failures,
    expressions: tally.expressions,
    boxes: tally.boxes,
    groundings: tally.groundings,
    dropped: tally.dropped,
    other_size: tally.otherSize || undefined,
    calls: Math.max(spent.calls, tally.steps.step_0.now.calls + tally.steps.step_1.now.calls),
    cost_usd: atLeast(spent.usd, sum(steps.map(([, step]) => step.cost_usd))),
    all_invocations: spentInAll && {
      calls: spentInAll.calls,
      cost_usd: roundCost(spentInAll.usd),
      unpriced_calls: spentInAll.unpricedCalls,
    },
    cost_in_all_usd: sum(steps.map(([, step]) => step.in_all.cost_usd)),
    steps: Object.fromEntries(steps),
    notices: notices && notices.length > 0 ? [...notices] : undefined,
    files,
    spec: withoutSecrets(settings),
  };
  return `${JSON.stringify(run, null, 2)}\n`;
}

function composeStep(facts: StepModelFacts, { cached, now, inAll }: RunTally['steps'][StepName], at: number): RunFileStep {
  const { backend, model, endpoint, serviceTier, prompt, profile, score } = facts;
  const cost = (usage: Usage) => computeCost(facts, usage, at);
  return {
    backend,
    model,
    endpoint,
    service_tier: serviceTier,
    prompt,
    profile,
    score,
    calls: now.calls,
    cached,
    tokens: composeRunTokens(now),
    cost_usd: cost(now),
    in_all: { calls: inAll.calls, tokens: composeRunTokens(inAll), cost_usd: cost(inAll) },
  };
}

export interface BilledModel extends PricedModel {
  readonly backend: string;
}

/** The cost of tokens in USD at a time (milliseconds since 1970): 0 for the builtin model, `undefined` where the price or the tokens are not known. */
export function computeCost(model: BilledModel, usage: Usage, at: number): number | undefined {
  if (model.backend === 'builtin' || usage.calls === 0) return 0;
  const cost = costUsd(model, usage, at);
  return cost === undefined ? undefined : roundCost(cost);
}

const roundCost = (usd: number) => Math.round(usd * 1e8) / 1e8;

/** The billed sum, or that of the completed lines where it is larger: a function that died may not have reported its calls. */
function atLeast(billed: number | undefined, completed: number | undefined): number | undefined {
  return billed === undefined || completed === undefined ? undefined : Math.max(roundCost(billed), completed);
}

function sum(costs: readonly (number | undefined)[]): number | undefined {
  return costs.reduce((all, cost) => (all === undefined || cost === undefined ? undefined : roundCost(all + cost)), 0);
}
