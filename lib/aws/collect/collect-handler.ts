import type { FunctionSettings } from '#core/function-settings.ts';
import { createDynamoClient } from '#storage/dynamodb/dynamodb-client.ts';
import { createS3Client } from '#storage/s3/s3-client.ts';
import type { FunctionContext } from '../batch/batch-handler.ts';
import { openCloud } from '../runtime/cloud.ts';
import { createPowertoolsLog } from '../runtime/powertools-log.ts';
import { wallClock } from '../runtime/wall-clock.ts';
import type { CollectOutcome } from './collect-outcome.ts';
import { collectResults } from './collect-results.ts';

/** The function that ends every run. */
export function createCollectHandler(variables: FunctionSettings, version: string) {
  const cloud = openCloud({
    variables,
    s3: createS3Client(),
    dynamo: createDynamoClient(),
    clock: wallClock,
    log: createPowertoolsLog(variables.ENVIRONMENT),
  });
  return (event: unknown, context: FunctionContext): Promise<CollectOutcome> =>
    collectResults(event, { cloud, version, remainingMs: () => context.getRemainingTimeInMillis() });
}
