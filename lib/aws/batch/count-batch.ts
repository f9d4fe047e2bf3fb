import type { StepName } from '#core/ports.ts';
import { findLastStep } from '#core/step-names.ts';
import { computeCost } from '#output/compose-run-file.ts';
import type { StepLine } from '#output/step-line.ts';
import type { StoredPlan } from '../run-state/stored-plan.ts';
import type { BatchCounts } from '../runtime/function-log.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export type CountsInMaking = Mutable<Omit<BatchCounts, 'failures'>> & { failures: Record<string, number> };

export function noCounts(): CountsInMaking {
  return { done: 0, failed: 0, checkpointHits: 0, calls: 0, inputTokens: 0, outputTokens: 0, costUsd: 0, failures: {} };
}

/** Counts one settled step of a sample. Tokens of a cached one were counted when they were paid. A sample is done with its last step. */
export function addStepLine(counts: CountsInMaking, step: StepName, { settings, steps, startedAt }: StoredPlan, { facts }: StepLine): void {
  const isLast = step === findLastStep(settings.workflow.steps);
  if (facts.status === 'failed') {
    counts.failed++;
    const code = facts.code ?? 'unknown';
    counts.failures[code] = (counts.failures[code] ?? 0) + 1;
  } else if (isLast) counts.done++;
  if (facts.cached) {
    counts.checkpointHits++;
    return;
  }
  const { usage } = facts;
  const model = steps[step];
  if (usage === undefined || model === undefined) return;
  counts.calls += usage.calls;
  counts.inputTokens += usage.input;
  counts.outputTokens += usage.output + usage.thinking;
  counts.costUsd += computeCost(model, usage, startedAt) ?? 0;
}
