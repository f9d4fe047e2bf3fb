import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';

export interface LeaseOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** What is held: `leaseName` of the input. */
  readonly name: string;
  readonly runId: string;
  readonly executionArn: string;
  now(): number;
}

export interface LeaseHolder {
  readonly run: string;
  /** Of a run that has ended without giving the lease back: seconds until it can be taken over. */
  readonly freeInSeconds?: number;
}

/** What a taker finds out of other runs, and does to those that have ended. */
export interface OtherRuns {
  /** Whether the run behind an execution is still going on. */
  isRunning(executionArn: string): Promise<boolean>;
  /** Tells the functions of a run that it has ended. */
  stop(runId: string): Promise<void>;
}

/** The right to run a dataset, which one run has at a time. */
export interface Lease {
  /** `undefined` once it is ours; else the run that has it. */
  take(others: OtherRuns): Promise<LeaseHolder | undefined>;
  release(): Promise<void>;
}

/** Longer than an execution can last. */
const KEPT_DAYS = 400;
/** An execution that is stopped leaves its functions running: they look for a stop every four seconds, and then let calls come home for ten. */
const TAKEOVER_MS = 30_000;

/** Packed captions and plain ones in one folder are one dataset, as is whatever else lies there. */
export const leaseName = (input: string) => input.replace(/^s3:\/\//, '').replace(/[^/]*$/, '');

/**
 * A lease in the checkpoint table. One whose run has ended without giving it back is taken over, once the functions of that run had the
 * time to notice: what they have under way would be asked, and paid, a second time.
 */
export function createLease({ client, table, name, runId, executionArn, now }: LeaseOptions): Lease {
  const Key = { sample_id: { S: `lock#${name}` }, step: { S: 'lock' } };
  const put = async (condition: string, values: Record<string, AttributeValue>): Promise<boolean> => {
    const expires = String(Math.ceil(now() / 1000) + KEPT_DAYS * 86_400);
    const Item = { ...Key, run_id: { S: runId }, execution_arn: { S: executionArn }, expires_at: { N: expires } };
    return isDone(
      client.send(new PutItemCommand({ TableName: table, Item, ConditionExpression: condition, ExpressionAttributeValues: values })),
    );
  };
  /** The first to see that a run has ended notes the time, for every run that waits. */
  const noteEnd = (holder: string) =>
    isDone(
      client.send(
        new UpdateItemCommand({
          TableName: table,
          Key,
          UpdateExpression: 'SET ended_at = :now',
          ConditionExpression: 'run_id = :holder AND attribute_not_exists(ended_at)',
          ExpressionAttributeValues: { ':holder': { S: holder }, ':now': { N: String(now()) } },
        }),
      ),
    );

  return {
    async take({ isRunning, stop }) {
      if (await put('attribute_not_exists(sample_id) OR run_id = :holder', { ':holder': { S: runId } })) return undefined;
      const { Item } = await client.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }));
      const run = Item?.run_id?.S;
      if (run === undefined) return { run: 'that has just ended' };
      const arn = Item?.execution_arn?.S;
      if (arn !== undefined && (await isRunning(arn))) return { run };
      const endedAt = Item?.ended_at?.N;
      if (endedAt === undefined) {
        await stop(run);
        await noteEnd(run);
        return { run, freeInSeconds: TAKEOVER_MS / 1000 };
      }
      const left = Number(endedAt) + TAKEOVER_MS - now();
      if (left > 0) return { run, freeInSeconds: Math.ceil(left / 1000) };
      const isOurs = await put('attribute_not_exists(sample_id) OR (run_id = :holder AND ended_at = :ended)', {
        ':holder': { S: run },
        ':ended': { N: endedAt },
      });
      return isOurs ? undefined : { run };
    },
    async release() {
      const condition = { ConditionExpression: 'run_id = :holder', ExpressionAttributeValues: { ':holder': { S: runId } } };
      await isDone(client.send(new DeleteItemCommand({ TableName: table, Key, ...condition })));
    },
  };
}

/** False where the condition does not hold. */
async function isDone(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
