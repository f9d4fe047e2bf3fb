import { createHash } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { EndpointMemory } from '#models/endpoint-capabilities.ts';
import { createDocumentClient } from '#storage/dynamodb/dynamodb-client.ts';

/** Capabilities of endpoints as items of the checkpoint table, so that one worker finds them out for all. */
export function createEndpointItems({ client, table }: { readonly client: DynamoDBClient; readonly table: string }): EndpointMemory {
  const documents = createDocumentClient(client);
  const composeKey = (key: string) => ({
    sample_id: `endpoint#${createHash('sha256').update(key).digest('hex').slice(0, 32)}`,
    step: 'endpoint',
  });
  return {
    async get(key) {
      const { Item } = await documents.send(new GetCommand({ TableName: table, Key: composeKey(key) }));
      return typeof Item?.knowledge === 'string' ? JSON.parse(Item.knowledge) : undefined;
    },
    async set(key, value) {
      await documents.send(new PutCommand({ TableName: table, Item: { ...composeKey(key), knowledge: JSON.stringify(value) } }));
    },
  };
}
