import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { StepName } from '#core/step-names.ts';
import { createDocumentClient } from '#storage/dynamodb/dynamodb-client.ts';

/** The mark that an earlier call left on a batch: whether that call died, and on which samples. */
export interface BatchMark {
  /** Whether a call started and never ended. */
  readonly broken: boolean;
  /** The line of the only sample in progress, if there was one. */
  readonly at?: number;
  /** Lines that killed a call. */
  readonly crashedLines: readonly number[];
}

export interface BatchMarks {
  read(): Promise<BatchMark>;
  /** Marks the start of a call, or of the isolated sample of line `at`. */
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
  /** Milliseconds since 1970. */
  now(): number;
}

const KEPT_DAYS = 30;

/** The mark of one batch. A killed function leaves its mark, and the next call reads it. */
export function createBatchMarks({ client, table, runId, step, batch, now }: BatchMarksOptions): BatchMarks {
  const documents = createDocumentClient(client);
  const item = { TableName: table, Key: { sample_id: `run#${runId}#${step}#${batch}`, step: 'batch' } };
  return {
    async read() {
      const { Item } = await documents.send(new GetCommand({ ...item, ConsistentRead: true }));
      const { at_line: at, died_lines: died = [] } = (Item ?? {}) as { at_line?: number; died_lines?: ReadonlySet<number> };
      return { broken: Item !== undefined, at, crashedLines: [...died] };
    },
    async write({ at, crashedLines }) {
      const Item = {
        ...item.Key,
        expires_at: Math.ceil(now() / 1000) + KEPT_DAYS * 86_400,
        at_line: at,
        // DynamoDB has no empty sets.
        died_lines: crashedLines.length === 0 ? undefined : new Set(crashedLines),
      };
      await documents.send(new PutCommand({ TableName: table, Item }));
    },
    async clear() {
      await documents.send(new DeleteCommand(item));
    },
  };
}
