import { setTimeout as sleep } from 'node:timers/promises';
import { type AttributeValue, BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';

type Item = Record<string, AttributeValue>;

interface Waiting {
  readonly key: Item;
  resolve(item: Item | undefined): void;
  reject(error: unknown): void;
}

/** DynamoDB's limit of keys in one BatchGetItem. */
const maxKeys = 100;
const maxRounds = 12;

/**
 * Gathers the reads asked for in one turn of the event loop into BatchGetItem calls of up to 100 keys.
 * Keys that DynamoDB leaves unprocessed are asked for again, with growing pauses.
 */
export function createBatchedGets({ client, table }: { client: DynamoDBClient; table: string }) {
  let waiting: Waiting[] = [];

  function flush(): void {
    const all = waiting;
    waiting = [];
    for (let start = 0; start < all.length; start += maxKeys) void resolveRequests(client, table, all.slice(start, start + maxKeys));
  }

  return (key: Item): Promise<Item | undefined> =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ key, resolve, reject });
    });
}

async function resolveRequests(client: DynamoDBClient, table: string, asked: readonly Waiting[]): Promise<void> {
  try {
    // Equal keys are refused within one request.
    const keys = new Map(asked.map(({ key }) => [composeKeyName(key, key), key]));
    const found = await getAll(client, table, [...keys.values()]);
    for (const { key, resolve } of asked) resolve(found.get(composeKeyName(key, key)));
  } catch (error) {
    for (const { reject } of asked) reject(error);
  }
}

async function getAll(client: DynamoDBClient, table: string, asked: readonly Item[]): Promise<Map<string, Item>> {
  const found = new Map<string, Item>();
  const [example = {}] = asked;
  let keys: readonly Item[] = asked;
  for (let round = 1; keys.length > 0; round++) {
    if (round > maxRounds) throw new Error(`DynamoDB left ${keys.length} reads of table ${table} unprocessed after ${maxRounds} rounds`);
    if (round > 1) await sleep(Math.min(5_000, 25 * 2 ** round));
    const answer = await client.send(new BatchGetItemCommand({ RequestItems: { [table]: { Keys: [...keys], ConsistentRead: true } } }));
    for (const item of answer.Responses?.[table] ?? []) found.set(composeKeyName(item, example), item);
    keys = answer.UnprocessedKeys?.[table]?.Keys ?? [];
  }
  return found;
}

/** One string for the key attributes of an item. */
function composeKeyName(item: Item, keyAttributes: Item): string {
  return JSON.stringify(Object.keys(keyAttributes).map((name) => item[name]?.S));
}
