import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { afterAll, beforeAll } from 'vitest';
import { createDynamoClient } from '#storage/dynamodb/dynamodb-client.ts';

/** A DynamoDB server on loopback for the tests of one file. */
export function serveDynamo() {
  const server = dynalite({ createTableMs: 0 });
  let tables = 0;
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));

  const connect = (): DynamoDBClient =>
    createDynamoClient({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });

  return {
    connect,
    endpoint: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** An empty table with the keys of `lib/infra/checkpoint-table.ts`. */
    async emptyTable(): Promise<string> {
      const TableName = `checkpoints-${tables++}`;
      const text = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const });
      await connect().send(
        new CreateTableCommand({
          TableName,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [text('sample_id'), text('step')],
          KeySchema: [
            { AttributeName: 'sample_id', KeyType: 'HASH' },
            { AttributeName: 'step', KeyType: 'RANGE' },
          ],
        }),
      );
      return TableName;
    },
  };
}
