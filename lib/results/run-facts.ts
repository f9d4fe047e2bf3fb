export interface RunFacts {
  readonly runId?: string;
  readonly input?: string;
  readonly version?: string;
  readonly started?: string;
  readonly finished?: string;
  readonly pending?: number;
  /** Of the invocation that wrote the results. */
  readonly costUsd?: number;
  /** Of all invocations in the results folder. */
  readonly costOfAllUsd?: number;
  readonly steps: readonly StepRunFacts[];
}

export interface StepRunFacts {
  readonly name: string;
  readonly model?: string;
  readonly calls?: number;
  readonly cached?: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly costUsd?: number;
}
