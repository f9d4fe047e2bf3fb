import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { createDynamoClient } from '#storage/dynamodb/dynamodb-client.ts';

/** An empty checkpoint table on loopback. */
export async function serveTable(): Promise<{ readonly endpoint: string; readonly name: string; close(): void }> {
  const server = dynalite({ createTableMs: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createDynamoClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });
  const text = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const });
  await client.send(
    new CreateTableCommand({
      TableName: 'bench',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [text('sample_id'), text('step')],
      KeySchema: [
        { AttributeName: 'sample_id', KeyType: 'HASH' },
        { AttributeName: 'step', KeyType: 'RANGE' },
      ],
    }),
  );
  client.destroy();
  return { endpoint, name: 'bench', close: () => server.close() };
}
