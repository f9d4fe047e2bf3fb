import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { FunctionSettings } from '#core/function-settings.ts';
import { createDynamoClient } from '#storage/dynamodb/dynamodb-client.ts';
import { createS3Client } from '#storage/s3/s3-client.ts';
import { clientOptions } from './client-options.ts';
import { openCloud } from './cloud.ts';
import { createModelSecret } from './model-secret.ts';
import { createPowertoolsLog } from './powertools-log.ts';
import { wallClock } from './wall-clock.ts';
import { logWithoutKeys } from './without-keys.ts';

/** Opens the services and the secret of a function that calls models. Its log never holds a key of the secret. */
export function openFunctionCloud(variables: FunctionSettings) {
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
  return { cloud, secret, keyValues };
}
