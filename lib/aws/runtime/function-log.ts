import type { StepName } from '#core/ports.ts';

/** The counts of one function call, all written as metrics. */
export interface BatchCounts {
  readonly done: number;
  readonly failed: number;
  readonly checkpointHits: number;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd: number;
  readonly failures: Readonly<Record<string, number>>;
}

/** The log of a function: one structured line per event, and counts as metrics. */
export interface FunctionLog {
  debug(message: string, facts?: object): void;
  info(message: string, facts?: object): void;
  warn(message: string, facts?: object): void;
  error(message: string, facts?: object): void;
  count(step: StepName, counts: BatchCounts): void;
}
