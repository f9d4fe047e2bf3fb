import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { FunctionSettings } from '#core/function-settings.ts';
import type { StepName } from '#core/ports.ts';
import { createDynamoClient } from '#storage/dynamodb/dynamodb-client.ts';
import { createS3Client } from '#storage/s3/s3-client.ts';
import { readPlan, type StoredPlan } from '../run-state/stored-plan.ts';
import { clientOptions } from '../runtime/client-options.ts';
import { openCloud } from '../runtime/cloud.ts';
import { createModelSecret } from '../runtime/model-secret.ts';
import { createPowertoolsLog } from '../runtime/powertools-log.ts';
import { wallClock } from '../runtime/wall-clock.ts';
import { logWithoutKeys, withoutKeys } from '../runtime/without-keys.ts';
import type { BatchOutcome } from './batch-outcome.ts';
import { createModelSession, type ModelSession } from './model-session.ts';
import { runBatch } from './run-batch.ts';

/** As much of Lambda's context as is used. */
export interface FunctionContext {
  getRemainingTimeInMillis(): number;
}

/** The function of one step. What it keeps between calls serves one run at a time: a container that gets another run starts afresh. */
export function createBatchHandler(step: StepName, variables: FunctionSettings) {
  const hosts = { modelHosts: variables.MODEL_HOSTS, ownHosts: variables.OWN_MODEL_HOSTS };
  const secret = createModelSecret(new SecretsManagerClient(clientOptions), variables.MODEL_KEYS_SECRET, hosts);
  const keyValues = () => secret.values;
  const cloud = openCloud({
    variables,
    s3: createS3Client(),
    dynamo: createDynamoClient(),
    clock: wallClock,
    log: logWithoutKeys(createPowertoolsLog(variables.ENVIRONMENT), keyValues),
  });
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
