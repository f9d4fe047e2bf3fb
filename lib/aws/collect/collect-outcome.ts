import type { FunctionSettings } from '#core/function-settings.ts';
import type { RunFileFacts } from '#output/compose-run-file.ts';
import type { RunState } from '../run-state/run-state-store.ts';
import type { StoredPlan } from '../run-state/stored-plan.ts';
import type { MergedFacts } from './collect-state.ts';

/** The outcome of collect for the state machine: the end of the run. */
export type CollectOutcome =
  | { readonly status: 'incomplete'; readonly waitSeconds: number }
  | ({ readonly status: 'ok'; readonly results: string } & Ended)
  | ({ readonly status: 'failed'; readonly error: string; readonly cause: string; readonly results: string } & Partial<Ended>);

interface Ended {
  readonly done: number;
  readonly failed: number;
  readonly pending: number;
}

export interface CollectedRun {
  readonly plan: StoredPlan;
  readonly merged: MergedFacts;
  readonly stop: RunState['stop'];
  readonly failure: { readonly error?: string | undefined; readonly cause?: string | undefined };
  readonly spent: RunFileFacts['spent'];
}

type EndVariables = Pick<FunctionSettings, 'ENVIRONMENT' | 'BUCKET' | 'MODEL_KEYS_SECRET'>;

/** Composes the outcome. Step Functions shows the cause first, so it has counts, the reason and the next step. */
export function composeCollectOutcome(
  { plan, merged, stop, failure }: CollectedRun,
  { ENVIRONMENT: environment, BUCKET: bucket, MODEL_KEYS_SECRET: secret }: EndVariables,
): CollectOutcome {
  const { done, failed, failures } = merged.collector.tally;
  const pending = plan.input.lines - done - failed;
  const results = `s3://${bucket}/${plan.prefix}/`;
  const counts = { done, failed, pending, results };
  const countsText = `${done} samples done, ${failed} failed, ${pending} pending; results so far in ${results}`;
  const fail = (error: string, cause: string): CollectOutcome => ({ status: 'failed', error, cause: `${cause}. ${countsText}`, ...counts });
  if (stop)
    return fail(
      'RunStopped',
      `${stop.message}${stop.reason === 'unauthorized' ? `; on AWS, keys are stored in Secrets Manager, secret ${secret}` : ''}`,
    );
  if (failure.error !== undefined)
    return fail(failure.error, readableCause(failure.cause) || 'the map of batches failed; fix: see its batches in the console');
  const { max_failure_rate: tolerated } = plan.settings.workflow;
  if (failed === 0 || failed / (done + failed) <= tolerated) return { status: 'ok', ...counts };
  const codes = Object.entries(failures)
    .sort(([, a], [, b]) => b - a)
    .map(([code, times]) => `${times} × ${code}`)
    .join(', ');
  return fail(
    'TooManyFailures',
    `${failed} of ${done + failed} samples failed (${codes}), more than workflow.max_failure_rate=${tolerated}; fix: groundline start ${results}failed.jsonl --env ${environment}, or start an execution with that file as its input`,
  );
}

/**
 * A cause without characters that JSON escapes. EventBridge puts the cause of a failed run into a quoted JSON string,
 * and its documentation does not promise to escape it.
 */
export const plainCause = (cause: string) => cause.replace(/["\\]/g, "'").replace(/\s+/g, ' ');

/** The message of a cause. Lambda reports a crash as JSON with a stack. */
export function readableCause(cause: string | undefined): string {
  try {
    const { errorMessage, errorType } = JSON.parse(cause ?? '') as { errorMessage?: string; errorType?: string };
    return errorMessage ? `${errorType ?? 'error'}: ${errorMessage}` : (cause ?? '');
  } catch {
    return cause ?? '';
  }
}
