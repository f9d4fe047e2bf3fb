import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DescribeExecutionCommand, ExecutionDoesNotExist, SFNClient } from '@aws-sdk/client-sfn';
import type { FunctionSettings } from '#core/function-settings.ts';
import { createDynamoClient } from '#storage/dynamodb/dynamodb-client.ts';
import { createS3Client } from '#storage/s3/s3-client.ts';
import type { FunctionContext } from '../batch/batch-handler.ts';
import { clientOptions } from '../runtime/client-options.ts';
import { openCloud } from '../runtime/cloud.ts';
import { createModelSecret } from '../runtime/model-secret.ts';
import { createPowertoolsLog } from '../runtime/powertools-log.ts';
import { wallClock } from '../runtime/wall-clock.ts';
import { logWithoutKeys, withoutKeys } from '../runtime/without-keys.ts';
import type { PrepareOutcome } from './prepare-outcome.ts';
import { prepareRun } from './prepare-run.ts';

/** The function that prepares a run, between an upload and its first model call. */
export function createPrepareHandler(variables: FunctionSettings, version: string) {
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
  const sfn = new SFNClient(clientOptions);

  return (event: unknown, context: FunctionContext): Promise<PrepareOutcome> =>
    withoutKeys(keyValues, () =>
      prepareRun(event, {
        cloud,
        secret,
        version,
        isRunning: (executionArn) => isRunning(sfn, executionArn),
        remainingMs: () => context.getRemainingTimeInMillis(),
      }),
    );
}

async function isRunning(sfn: SFNClient, executionArn: string): Promise<boolean> {
  try {
    const { status } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    return status === 'RUNNING' || status === 'PENDING_REDRIVE';
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return false;
    throw error;
  }
}
