import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

const maxSockets = 64;

/**
 * A DynamoDB client that waits for capacity. A new on-demand table starts at 4,000 writes a second and doubles within minutes,
 * so throttled requests are retried up to 12 times.
 */
export function createDynamoClient(config: DynamoDBClientConfig = {}): DynamoDBClient {
  return new DynamoDBClient({
    maxAttempts: 12,
    requestHandler: {
      connectionTimeout: 3_000,
      requestTimeout: 20_000,
      throwOnRequestTimeout: true,
      httpsAgent: { maxSockets },
      httpAgent: { maxSockets },
    },
    ...config,
  });
}

/**
 * The same client with items as plain values: string `S`, number `N`, `Uint8Array` `B`, `Set` `SS` or `NS`.
 * Attributes and expression values that are `undefined` are not sent.
 */
export function createDocumentClient(client: DynamoDBClient): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}
