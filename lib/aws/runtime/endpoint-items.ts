import { createHash } from 'node:crypto';
import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { EndpointMemory } from '#models/endpoint-capabilities.ts';

/** What was learned about endpoints, as items of the checkpoint table: what one worker finds out, no other has to. */
export function createEndpointItems({ client, table }: { readonly client: DynamoDBClient; readonly table: string }): EndpointMemory {
  const keyOf = (key: string) => ({
    sample_id: { S: `endpoint#${createHash('sha256').update(key).digest('hex').slice(0, 32)}` },
    step: { S: 'endpoint' },
  });
  return {
    async get(key) {
      const { Item } = await client.send(new GetItemCommand({ TableName: table, Key: keyOf(key) }));
      return Item?.knowledge?.S === undefined ? undefined : JSON.parse(Item.knowledge.S);
    },
    async set(key, value) {
      await client.send(new PutItemCommand({ TableName: table, Item: { ...keyOf(key), knowledge: { S: JSON.stringify(value) } } }));
    },
  };
}
