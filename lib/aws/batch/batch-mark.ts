import { DeleteItemCommand, type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { StepName } from '#core/step-names.ts';

/** What is known of the calls that worked on a batch: whether one died, and on which samples. */
export interface BatchMark {
  /** Whether a call began and never ended. */
  readonly broken: boolean;
  /** The line that it was working on alone, if it was. */
  readonly at?: number;
  /** Lines that killed a call. */
  readonly crashedLines: readonly number[];
}

export interface BatchMarks {
  read(): Promise<BatchMark>;
  /** A call begins, or goes on to line `at` alone. */
  write(mark: { readonly at?: number; readonly crashedLines: readonly number[] }): Promise<void>;
  clear(): Promise<void>;
}

export interface BatchMarksOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly runId: string;
  readonly step: StepName;
  /** The first line of the batch. */
  readonly batch: number;
  now(): number;
}

const KEPT_DAYS = 30;

/** The mark of one batch: a function that is killed leaves it behind, and the next one learns from it. */
export function createBatchMarks({ client, table, runId, step, batch, now }: BatchMarksOptions): BatchMarks {
  const Key = { sample_id: { S: `run#${runId}#${step}#${batch}` }, step: { S: 'batch' } };
  return {
    async read() {
      const { Item } = await client.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }));
      const at = Item?.at_line?.N;
      return {
        broken: Item !== undefined,
        ...(at === undefined ? {} : { at: Number(at) }),
        crashedLines: (Item?.died_lines?.NS ?? []).map(Number),
      };
    },
    async write({ at, crashedLines }) {
      const Item = {
        ...Key,
        expires_at: { N: String(Math.ceil(now() / 1000) + KEPT_DAYS * 86_400) },
        ...(at === undefined ? {} : { at_line: { N: String(at) } }),
        ...(crashedLines.length === 0 ? {} : { died_lines: { NS: crashedLines.map(String) } }),
      };
      await client.send(new PutItemCommand({ TableName: table, Item }));
    },
    async clear() {
      await client.send(new DeleteItemCommand({ TableName: table, Key }));
    },
  };
}
