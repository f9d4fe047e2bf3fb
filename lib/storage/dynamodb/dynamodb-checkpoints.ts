import { gunzipSync, gzipSync } from 'node:zlib';
import { type AttributeValue, type DynamoDBClient, PutItemCommand, paginateQuery } from '@aws-sdk/client-dynamodb';
import { StorageError } from '#core/errors.ts';
import type { CheckpointKey, CheckpointStore, StepName, StoredCheckpoint } from '#core/ports.ts';
import { createBatchedGets } from './dynamodb-batched-gets.ts';

/** Characters from which a body is stored as gzip; typical ones have a tenth of it. */
const packedFrom = 20_000;

type Item = Record<string, AttributeValue>;

export interface DynamoCheckpointsOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Days until a checkpoint may be forgotten; kept for good when left out. */
  readonly ttlDays?: number;
  /** Milliseconds since 1970. */
  now(): number;
}

/**
 * Checkpoints as items of one table: pk `sample_id`, sk `step_N#<fingerprint>`. All fingerprints of a sample are kept until their time
 * is up. Throws `StorageError` where the table does not respond.
 */
export function createDynamoCheckpoints({ client, table, ttlDays, now }: DynamoCheckpointsOptions): CheckpointStore {
  const batchedGet = createBatchedGets({ client, table });
  const fromTable = <T>(work: Promise<T>): Promise<T> =>
    work.catch((cause: unknown) => {
      throw new StorageError(`the checkpoint table ${table} does not respond: ${cause instanceof Error ? cause.message : cause}`, {
        cause,
      });
    });
  const alive = (item: Item) => item.expires_at?.N === undefined || Number(item.expires_at.N) * 1000 > now();

  return {
    async get(key) {
      const item = await fromTable(batchedGet(itemKey(key)));
      return item !== undefined && alive(item) ? readBody(item) : undefined;
    },
    async latest(sampleId, step) {
      let newest: Item | undefined;
      const pages = await fromTable(Array.fromAsync(paginateQuery({ client }, allOfStep(table, sampleId, step))));
      for (const item of pages.flatMap(({ Items = [] }) => Items)) if (alive(item) && writtenAt(item) >= writtenAt(newest)) newest = item;
      return newest && storedCheckpoint(newest, sampleId, step);
    },
    async put(checkpoint) {
      const Item: Item = { ...itemKey(checkpoint), ...bodyAttribute(checkpoint.body), written_at: { N: String(now()) } };
      if (ttlDays !== undefined) Item.expires_at = { N: String(Math.ceil(now() / 1000) + ttlDays * 86_400) };
      await fromTable(client.send(new PutItemCommand({ TableName: table, Item })));
    },
    locationOf: ({ sampleId, step, fingerprint }) => `{sample_id: ${sampleId}, step: ${step}#${fingerprint}} of the table ${table}`,
  };
}

/** DynamoDB takes items of up to 400 KB and bills writes by the KB: the rare large body is packed. */
function bodyAttribute(body: string): Item {
  return body.length < packedFrom ? { body: { S: body } } : { packed: { B: gzipSync(body) } };
}

/** Empty, which no reader takes for a body, where an item is damaged: whether that matters depends on its fingerprint. */
function readBody(item: Item): string {
  if (!item.packed?.B) return item.body?.S ?? '';
  try {
    return gunzipSync(item.packed.B).toString('utf8');
  } catch {
    return '';
  }
}

function itemKey({ sampleId, step, fingerprint }: CheckpointKey): Item {
  return { sample_id: { S: sampleId }, step: { S: `${step}#${fingerprint}` } };
}

function allOfStep(TableName: string, sampleId: string, step: StepName) {
  return {
    TableName,
    ConsistentRead: true,
    KeyConditionExpression: 'sample_id = :sample AND begins_with(#step, :step)',
    ExpressionAttributeNames: { '#step': 'step' },
    ExpressionAttributeValues: { ':sample': { S: sampleId }, ':step': { S: `${step}#` } },
  };
}

function writtenAt(item: Item | undefined): number {
  return Number(item?.written_at?.N ?? 0);
}

function storedCheckpoint(item: Item, sampleId: string, step: StepName): StoredCheckpoint | undefined {
  const sort = item.step?.S;
  return sort === undefined ? undefined : { sampleId, step, fingerprint: sort.slice(step.length + 1), body: readBody(item) };
}
