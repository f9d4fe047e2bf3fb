import { DescribeExecutionCommand, ExecutionDoesNotExist, SFNClient } from '@aws-sdk/client-sfn';
import type { FunctionSettings } from '#core/function-settings.ts';
import type { FunctionContext } from '../batch/batch-handler.ts';
import { clientOptions } from '../runtime/client-options.ts';
import { openFunctionCloud } from '../runtime/open-function-cloud.ts';
import { withoutKeys } from '../runtime/without-keys.ts';
import type { PrepareOutcome } from './prepare-outcome.ts';
import { prepareRun } from './prepare-run.ts';

/** The function that prepares a run, between an upload and its first model call. */
export function createPrepareHandler(variables: FunctionSettings, version: string) {
  const { cloud, secret, keyValues } = openFunctionCloud(variables);
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
