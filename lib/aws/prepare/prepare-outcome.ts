/** The outcome of prepare for the state machine: references and counts, never records. */
export type PrepareOutcome =
  | {
      readonly status: 'ok';
      readonly run: { readonly plan: string };
      readonly steps: readonly string[];
      readonly manifestKey: string;
      readonly mapResultsPrefix: string;
      readonly maxConcurrency: number;
      readonly batchSize: number;
      readonly samples: number;
    }
  | { readonly status: 'incomplete'; readonly waitSeconds: number; readonly waited: number; readonly reason: string }
  | { readonly status: 'ended'; readonly reason: string }
  | { readonly status: 'failed'; readonly error: string; readonly cause: string };
