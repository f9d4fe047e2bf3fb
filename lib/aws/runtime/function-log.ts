import type { StepName } from '#core/ports.ts';

/** What a function counts in one call; all of it becomes metrics. */
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

/** Where functions say what they do: one structured line per event, counts as metrics. */
export interface FunctionLog {
  debug(message: string, facts?: object): void;
  info(message: string, facts?: object): void;
  warn(message: string, facts?: object): void;
  error(message: string, facts?: object): void;
  count(step: StepName, counts: BatchCounts): void;
}
