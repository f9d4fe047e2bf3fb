import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';

export interface LeaseOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** What is held, `bucket/key`. */
  readonly name: string;
  readonly runId: string;
  readonly executionArn: string;
  /** Whether the run behind an execution is still going on. */
  readonly isRunning: (executionArn: string) => Promise<boolean>;
  now(): number;
}

/** The right to run a dataset, which one run has at a time. */
export interface Lease {
  /** `undefined` once it is ours; else the run that has it. */
  take(): Promise<string | undefined>;
  release(): Promise<void>;
}

/** Longer than an execution can last. */
const KEPT_DAYS = 400;

/** A lease in the checkpoint table. One whose run has ended without giving it back is taken over. */
export function createLease({ client, table, name, runId, executionArn, isRunning, now }: LeaseOptions): Lease {
  const Key = { sample_id: { S: `lock#${name}` }, step: { S: 'lock' } };
  const put = async (condition: string, holder: string): Promise<boolean> => {
    const expires = String(Math.ceil(now() / 1000) + KEPT_DAYS * 86_400);
    try {
      await client.send(
        new PutItemCommand({
          TableName: table,
          Item: { ...Key, run_id: { S: runId }, execution_arn: { S: executionArn }, expires_at: { N: expires } },
          ConditionExpression: condition,
          ExpressionAttributeValues: { ':holder': { S: holder } },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  };

  return {
    async take() {
      if (await put('attribute_not_exists(sample_id) OR run_id = :holder', runId)) return undefined;
      const { Item } = await client.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }));
      const holder = Item?.run_id?.S;
      if (holder === undefined) return 'a run that has just ended';
      const arn = Item?.execution_arn?.S;
      if (arn !== undefined && (await isRunning(arn))) return holder;
      return (await put('attribute_not_exists(sample_id) OR run_id = :holder', holder)) ? undefined : holder;
    },
    async release() {
      const condition = { ConditionExpression: 'run_id = :holder', ExpressionAttributeValues: { ':holder': { S: runId } } };
      await client.send(new DeleteItemCommand({ TableName: table, Key, ...condition })).catch((error: unknown) => {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      });
    },
  };
}
