import type { StepName, Usage } from '#core/ports.ts';
import { addUsage, noUsage } from '#core/usage.ts';
import { findLineFailure, type LineResult, listLineSteps } from './line-result.ts';

/** The counts of a run. Plain data, so that an interrupted collector can save it and resume. */
export interface RunTally {
  /** Lines in the last step's file, `partial` and `cached` ones included. */
  done: number;
  partial: number;
  failed: number;
  /** Lines that needed no call in this run. */
  cached: number;
  failures: Record<string, number>;
  groundings: Record<string, number>;
  /** Left out, by reason. */
  dropped: Record<string, number>;
  expressions: number;
  boxes: number;
  /** Lines with a stated size that differs from their image's. */
  otherSize: number;
  steps: Record<StepName, StepTally>;
}

export interface StepTally {
  /** Samples that needed no call. */
  cached: number;
  /** Calls and tokens of this run. */
  now: Usage;
  /** Calls and tokens behind these results, earlier runs included. */
  inAll: Usage;
}

export function createRunTally(): RunTally {
  const step = (): StepTally => ({ cached: 0, now: noUsage, inAll: noUsage });
  return {
    done: 0,
    partial: 0,
    failed: 0,
    cached: 0,
    failures: {},
    groundings: {},
    dropped: {},
    expressions: 0,
    boxes: 0,
    otherSize: 0,
    steps: { step_0: step(), step_1: step() },
  };
}

/** Counts one completed or failed line. */
export function countLine(tally: RunTally, line: LineResult): void {
  const steps = listLineSteps(line);
  for (const [name, { facts }] of steps) countStep(tally, name, facts);
  const failure = findLineFailure(line);
  const last = steps.at(-1)?.[1].facts;
  if (failure) {
    tally.failed++;
    add(tally.failures, failure.code, 1);
  } else if (last) {
    tally.done++;
    if (last.status === 'partial') tally.partial++;
    if (steps.every(([, { facts }]) => facts.cached)) tally.cached++;
    tally.expressions += last.expressions;
    tally.boxes += last.boxes;
    addAll(tally.groundings, last.groundings);
  }
  if (steps.some(([, { facts }]) => facts.otherSize)) tally.otherSize++;
}

type Facts = NonNullable<LineResult['step_0']>['facts'];

function countStep(tally: RunTally, name: StepName, { cached, usage = noUsage, dropped }: Facts): void {
  const step = tally.steps[name];
  if (cached) step.cached++;
  else step.now = addUsage(step.now, usage);
  step.inAll = addUsage(step.inAll, usage);
  addAll(tally.dropped, dropped);
}

function add(counts: Record<string, number>, key: string, times: number): void {
  counts[key] = (counts[key] ?? 0) + times;
}

function addAll(counts: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [key, times] of Object.entries(more)) add(counts, key, times);
}
