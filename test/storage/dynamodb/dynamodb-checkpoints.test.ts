import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredCheckpoint } from '#core/ports.ts';
import { createDynamoCheckpoints } from '#storage/dynamodb/dynamodb-checkpoints.ts';
import { createDynamoClient } from '#storage/dynamodb/dynamodb-client.ts';
import { describeCheckpointStore } from '../checkpoints-contract.ts';

const server = dynalite({ createTableMs: 0 });
const noon = Date.UTC(2026, 0, 1, 12);
let tables = 0;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));

function connect(): DynamoDBClient {
  const { port } = server.address() as AddressInfo;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return createDynamoClient({ endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', credentials });
}

/** An empty table with the keys of `lib/infra/checkpoint-table.ts`. */
async function emptyTable(): Promise<string> {
  const table = `checkpoints-${tables++}`;
  await connect().send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'sample_id', AttributeType: 'S' },
        { AttributeName: 'step', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'sample_id', KeyType: 'HASH' },
        { AttributeName: 'step', KeyType: 'RANGE' },
      ],
    }),
  );
  return table;
}

const checkpoint = (n: number, fingerprint = 'f'.repeat(64)): StoredCheckpoint => ({
  sampleId: `img_${n}-0123456789abcdef`,
  step: 'step_0',
  fingerprint,
  body: JSON.stringify({ n }),
});

describeCheckpointStore('a DynamoDB table', async () =>
  createDynamoCheckpoints({ client: connect(), table: await emptyTable(), now: Date.now }),
);

describe('checkpoints in DynamoDB', () => {
  it('keep every fingerprint of a sample', async () => {
    const store = createDynamoCheckpoints({ client: connect(), table: await emptyTable(), now: Date.now });

    await store.put(checkpoint(1, 'a'.repeat(64)));
    await store.put({ ...checkpoint(1, 'b'.repeat(64)), body: '{"n":"b"}' });

    expect(await store.get(checkpoint(1, 'a'.repeat(64)))).toBe('{"n":1}');
    expect(await store.get(checkpoint(1, 'b'.repeat(64)))).toBe('{"n":"b"}');
  });

  it.each([
    ['whose gzip is damaged', { packed: { B: Buffer.from('no gzip') } }],
    ['without a body', {}],
  ])('have an empty body, which no step accepts, for an item %s', async (_, attributes) => {
    const table = await emptyTable();
    const store = createDynamoCheckpoints({ client: connect(), table, now: Date.now });
    const { sampleId, step, fingerprint } = checkpoint(1);
    const key = { sample_id: { S: sampleId }, step: { S: `${step}#${fingerprint}` } };
    await connect().send(new PutItemCommand({ TableName: table, Item: { ...key, ...attributes } }));

    expect(await store.get(checkpoint(1))).toBe('');
    expect(await store.latest(sampleId, step)).toEqual({ sampleId, step, fingerprint, body: '' });
  });

  it('throw a StorageError, which fails no sample, when the table does not respond', async () => {
    const store = createDynamoCheckpoints({ client: connect(), table: 'no-such-table', now: Date.now });

    for (const work of [() => store.get(checkpoint(1)), () => store.latest('a', 'step_0'), () => store.put(checkpoint(1))])
      await expect(work()).rejects.toMatchObject({ name: 'StorageError', message: expect.stringContaining('no-such-table') });
  });

  it('are read 100 at a time when many are requested at once', async () => {
    const table = await emptyTable();
    const client = connect();
    const keys: number[] = [];
    client.middlewareStack.add((next, context) => async (args) => {
      if (context.commandName === 'BatchGetItemCommand')
        keys.push((args.input as { RequestItems: Record<string, { Keys: unknown[] }> }).RequestItems[table]?.Keys.length ?? 0);
      return next(args);
    });
    const store = createDynamoCheckpoints({ client, table, now: Date.now });
    await Promise.all(Array.from({ length: 250 }, (_, n) => store.put(checkpoint(n))));

    const bodies = await Promise.all(Array.from({ length: 251 }, (_, n) => store.get(checkpoint(n))));

    expect(bodies.slice(0, 250)).toEqual(Array.from({ length: 250 }, (_, n) => JSON.stringify({ n })));
    expect(bodies[250]).toBeUndefined();
    expect(keys).toEqual([100, 100, 51]);
  });

  it('are returned for equal keys in one turn, which DynamoDB refuses in one request', async () => {
    const store = createDynamoCheckpoints({ client: connect(), table: await emptyTable(), now: Date.now });
    await store.put(checkpoint(7));

    expect(await Promise.all([store.get(checkpoint(7)), store.get(checkpoint(7))])).toEqual(['{"n":7}', '{"n":7}']);
  });

  it('are requested again for keys that DynamoDB left unprocessed', async () => {
    const table = await emptyTable();
    const client = connect();
    const store = createDynamoCheckpoints({ client, table, now: Date.now });
    await Promise.all(Array.from({ length: 60 }, (_, n) => store.put(checkpoint(n))));
    let rounds = 0;
    client.middlewareStack.add(
      (next, context) => async (args) => {
        if (context.commandName !== 'BatchGetItemCommand') return next(args);
        rounds += 1;
        // Processes 25 keys and returns the rest as unprocessed, like DynamoDB under load.
        const items = (args.input as { RequestItems: Record<string, { Keys: unknown[] }> }).RequestItems;
        const [now, later] = [items[table]?.Keys.slice(0, 25) ?? [], items[table]?.Keys.slice(25) ?? []];
        const answer = await next({ ...args, input: { RequestItems: { [table]: { ...items[table], Keys: now } } } });
        if (later.length > 0) Object.assign(answer.output as object, { UnprocessedKeys: { [table]: { Keys: later } } });
        return answer;
      },
      { step: 'initialize' },
    );

    const bodies = await Promise.all(Array.from({ length: 60 }, (_, n) => store.get(checkpoint(n))));

    expect(bodies).toEqual(Array.from({ length: 60 }, (_, n) => JSON.stringify({ n })));
    expect(rounds).toBe(3);
  });

  it('are read and written despite throttling', async () => {
    const client = connect();
    const store = createDynamoCheckpoints({ client, table: await emptyTable(), now: Date.now });
    let refusals = 0;
    client.middlewareStack.add(
      (next) => (args) => {
        if (refusals++ % 2 === 0)
          return Promise.reject(
            Object.assign(new Error('slow down'), { name: 'ThrottlingException', $fault: 'client', $metadata: { httpStatusCode: 400 } }),
          );
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );

    await store.put(checkpoint(1));

    expect(await store.get(checkpoint(1))).toBe('{"n":1}');
    expect(refusals).toBe(4);
  });

  it('expire after their days, even before DynamoDB deletes them', async () => {
    const [client, table] = [connect(), await emptyTable()];
    const at = (now: number) => createDynamoCheckpoints({ client, table, ttlDays: 90, now: () => now });
    await at(noon).put(checkpoint(1));
    const day = 86_400_000;

    expect(await at(noon + 89 * day).get(checkpoint(1))).toBe('{"n":1}');
    expect(await at(noon + 91 * day).get(checkpoint(1))).toBeUndefined();
    expect(await at(noon + 91 * day).latest(checkpoint(1).sampleId, 'step_0')).toBeUndefined();
    const Key = { sample_id: { S: checkpoint(1).sampleId }, step: { S: `step_0#${'f'.repeat(64)}` } };
    const { Item } = await client.send(new GetItemCommand({ TableName: table, Key }));
    expect(Item?.expires_at?.N).toBe(String((noon + 90 * day) / 1000));
  });

  it('may be larger than an item of DynamoDB', async () => {
    const [client, table] = [connect(), await emptyTable()];
    const store = createDynamoCheckpoints({ client, table, now: Date.now });
    const body = JSON.stringify({ boxes: Array.from({ length: 20_000 }, (_, i) => [i, i + 1, i + 100, 'ü']) });

    await store.put({ ...checkpoint(1), body });

    expect(body.length).toBeGreaterThan(400 * 1024);
    expect((await store.get(checkpoint(1))) === body).toBe(true);
    expect((await store.latest(checkpoint(1).sampleId, 'step_0'))?.body === body).toBe(true);
  });
});
