import { setTimeout as sleep } from 'node:timers/promises';
import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** The key attributes of an item, all of them strings. */
export type ItemKey = Readonly<Record<string, string>>;
export type Item = Readonly<Record<string, unknown>>;

interface PendingRead {
  readonly key: ItemKey;
  resolve(item: Item | undefined): void;
  reject(error: unknown): void;
}

/** DynamoDB's limit of keys in one BatchGetItem. */
const maxKeys = 100;
const maxRounds = 12;

/**
 * Gathers the reads of one turn of the event loop into BatchGetItem calls of up to 100 keys.
 * Keys that DynamoDB leaves unprocessed are requested again, with growing pauses.
 */
export function createBatchedGets({ client, table }: { client: DynamoDBDocumentClient; table: string }) {
  let pending: PendingRead[] = [];

  function flush(): void {
    const reads = pending;
    pending = [];
    for (let start = 0; start < reads.length; start += maxKeys) void resolveReads(client, table, reads.slice(start, start + maxKeys));
  }

  return (key: ItemKey): Promise<Item | undefined> =>
    new Promise((resolve, reject) => {
      if (pending.length === 0) setImmediate(flush);
      pending.push({ key, resolve, reject });
    });
}

async function resolveReads(client: DynamoDBDocumentClient, table: string, reads: readonly PendingRead[]): Promise<void> {
  try {
    // DynamoDB refuses a request with two equal keys.
    const keys = new Map(reads.map(({ key }) => [composeKeyName(key, key), key]));
    const found = await getAll(client, table, [...keys.values()]);
    for (const { key, resolve } of reads) resolve(found.get(composeKeyName(key, key)));
  } catch (error) {
    for (const { reject } of reads) reject(error);
  }
}

async function getAll(client: DynamoDBDocumentClient, table: string, wanted: readonly ItemKey[]): Promise<Map<string, Item>> {
  const found = new Map<string, Item>();
  const [example = {}] = wanted;
  let keys: readonly Item[] = wanted;
  for (let round = 1; keys.length > 0; round++) {
    if (round > maxRounds) throw new Error(`DynamoDB left ${keys.length} reads of table ${table} unprocessed after ${maxRounds} rounds`);
    if (round > 1) await sleep(Math.min(5_000, 25 * 2 ** round));
    const reply = await client.send(new BatchGetCommand({ RequestItems: { [table]: { Keys: [...keys], ConsistentRead: true } } }));
    for (const item of reply.Responses?.[table] ?? []) found.set(composeKeyName(item, example), item);
    keys = reply.UnprocessedKeys?.[table]?.Keys ?? [];
  }
  return found;
}

/** One string for the key attributes of an item. */
function composeKeyName(item: Item, keyAttributes: ItemKey): string {
  return JSON.stringify(Object.keys(keyAttributes).map((name) => item[name]));
}
