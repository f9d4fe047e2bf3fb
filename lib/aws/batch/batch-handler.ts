import type { FunctionSettings } from '#core/function-settings.ts';
import type { StepName } from '#core/ports.ts';
import { readPlan, type StoredPlan } from '../run-state/stored-plan.ts';
import { openFunctionCloud } from '../runtime/open-function-cloud.ts';
import { withoutKeys } from '../runtime/without-keys.ts';
import type { BatchOutcome } from './batch-outcome.ts';
import { createModelSession, type ModelSession } from './model-session.ts';
import { runBatch } from './run-batch.ts';

/** The part of the Lambda context that a batch function uses. */
export interface FunctionContext {
  getRemainingTimeInMillis(): number;
}

/** Creates the function of one step. A container reuses plan and session for the calls of one run; a call of another run replaces them. */
export function createBatchHandler(step: StepName, variables: FunctionSettings) {
  const { cloud, secret, keyValues } = openFunctionCloud(variables);
  let plan: { readonly path: string; readonly read: Promise<StoredPlan> } | undefined;
  let session: { readonly runId: string; readonly open: ModelSession } | undefined;

  return (event: unknown, context: FunctionContext): Promise<BatchOutcome> =>
    withoutKeys(keyValues, () =>
      runBatch(event, {
        cloud,
        step,
        remainingMs: () => context.getRemainingTimeInMillis(),
        planAt(path) {
          if (plan?.path !== path) plan = { path, read: readPlan(cloud.bucket, path) };
          const { read } = plan;
          read.catch(() => {
            plan = undefined;
          });
          return read;
        },
        sessionOf(stored) {
          if (session?.runId !== stored.runId) session = { runId: stored.runId, open: createModelSession(cloud, secret, stored) };
          return session.open;
        },
      }),
    );
}
