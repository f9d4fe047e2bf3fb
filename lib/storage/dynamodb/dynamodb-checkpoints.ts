import { gunzipSync, gzipSync } from 'node:zlib';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutCommand, paginateQuery } from '@aws-sdk/lib-dynamodb';
import { StorageError } from '#core/errors.ts';
import type { CheckpointKey, CheckpointStore, StepName, StoredCheckpoint } from '#core/ports.ts';
import { createBatchedGets, type Item, type ItemKey } from './dynamodb-batched-gets.ts';
import { createDocumentClient } from './dynamodb-client.ts';

/** Characters from which a body is stored as gzip; a typical body has a tenth of that. */
const packedFrom = 20_000;

export interface DynamoCheckpointsOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Days until a checkpoint expires. @default never */
  readonly ttlDays?: number | undefined;
  /** Milliseconds since 1970. */
  now(): number;
}

/**
 * Checkpoints as items of one table. All fingerprints of a sample are kept until they expire.
 * Throws `StorageError` when the table does not respond.
 *
 * | attribute    | type | value                                                        |
 * | ------------ | ---- | ------------------------------------------------------------ |
 * | `sample_id`  | S    | partition key                                                |
 * | `step`       | S    | sort key, `step_0#<fingerprint>`                             |
 * | `body`       | S    | the checkpoint; absent when `packed` holds it                |
 * | `packed`     | B    | gzip of a body of 20,000 characters or more                  |
 * | `written_at` | N    | milliseconds since 1970                                      |
 * | `expires_at` | N    | seconds since 1970 (the table's TTL); absent without an end  |
 */
export function createDynamoCheckpoints({ client, table, ttlDays, now }: DynamoCheckpointsOptions): CheckpointStore {
  const documents = createDocumentClient(client);
  const getItem = createBatchedGets({ client: documents, table });
  const fromTable = <T>(work: Promise<T>): Promise<T> =>
    work.catch((cause: unknown) => {
      throw new StorageError(`the checkpoint table ${table} does not respond: ${cause instanceof Error ? cause.message : cause}`, {
        cause,
      });
    });
  // DynamoDB deletes expired items up to days later.
  const isAlive = ({ expires_at }: Item) => expires_at === undefined || Number(expires_at) * 1000 > now();

  return {
    async get(key) {
      const item = await fromTable(getItem(composeItemKey(key)));
      return item !== undefined && isAlive(item) ? readBody(item) : undefined;
    },
    async latest(sampleId, step) {
      let newest: Item | undefined;
      const pages = await fromTable(Array.fromAsync(paginateQuery({ client: documents }, composeStepQuery(table, sampleId, step))));
      for (const item of pages.flatMap(({ Items = [] }) => Items))
        if (isAlive(item) && readWriteTime(item) >= readWriteTime(newest)) newest = item;
      return newest && readCheckpoint(newest, sampleId, step);
    },
    async put(checkpoint) {
      const expires_at = ttlDays === undefined ? undefined : Math.ceil(now() / 1000) + ttlDays * 86_400;
      const Item = { ...composeItemKey(checkpoint), ...composeBody(checkpoint.body), written_at: now(), expires_at };
      await fromTable(documents.send(new PutCommand({ TableName: table, Item })));
    },
    locationOf: ({ sampleId, step, fingerprint }) => `{sample_id: ${sampleId}, step: ${step}#${fingerprint}} of the table ${table}`,
  };
}

/** DynamoDB takes items of up to 400 KB and bills writes by the KB, so the rare large body is compressed. */
function composeBody(body: string): Item {
  return body.length < packedFrom ? { body } : { packed: gzipSync(body) };
}

/** Empty for a damaged item. No step accepts an empty body, and the step decides whether the damage matters. */
function readBody({ body, packed }: Item): string {
  if (!(packed instanceof Uint8Array)) return typeof body === 'string' ? body : '';
  try {
    return gunzipSync(packed).toString('utf8');
  } catch {
    return '';
  }
}

function composeItemKey({ sampleId, step, fingerprint }: CheckpointKey): ItemKey {
  return { sample_id: sampleId, step: `${step}#${fingerprint}` };
}

function composeStepQuery(TableName: string, sampleId: string, step: StepName) {
  return {
    TableName,
    ConsistentRead: true,
    KeyConditionExpression: 'sample_id = :sample AND begins_with(#step, :step)',
    ExpressionAttributeNames: { '#step': 'step' },
    ExpressionAttributeValues: { ':sample': sampleId, ':step': `${step}#` },
  };
}

function readWriteTime(item: Item | undefined): number {
  return Number(item?.written_at ?? 0);
}

function readCheckpoint(item: Item, sampleId: string, step: StepName): StoredCheckpoint | undefined {
  return typeof item.step === 'string'
    ? { sampleId, step, fingerprint: item.step.slice(step.length + 1), body: readBody(item) }
    : undefined;
}
