import { createDynamoClient } from '#storage/dynamodb-client.ts';
import { createS3Client } from '#storage/s3-client.ts';
import type { FunctionContext } from './batch-handler.ts';
import { type FunctionVariables, openCloud } from './cloud.ts';
import type { CollectOutcome } from './collect-outcome.ts';
import { collectResults } from './collect-results.ts';
import { createPowertoolsLog } from './powertools-log.ts';
import { wallClock } from './wall-clock.ts';

/** The function that ends every run. */
export function createCollectHandler(variables: FunctionVariables, version: string) {
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
