import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { createDocumentClient } from '#storage/dynamodb/dynamodb-client.ts';
import { writeIfConditionHolds } from './conditional-write.ts';

export interface LeaseOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Name of the lease: `leaseName` of the input. */
  readonly name: string;
  readonly runId: string;
  readonly executionArn: string;
  /** Milliseconds since 1970. */
  now(): number;
}

export interface LeaseHolder {
  /** `undefined` if the holder released the lease a moment ago. */
  readonly run: string | undefined;
  /** For a holder that ended without releasing the lease: seconds until another run can take it over. */
  readonly freeInSeconds?: number;
}

/** How a lease checks other runs, and stops the functions of ended runs. */
export interface OtherRuns {
  /** Whether the execution of a run is still running. */
  isRunning(executionArn: string): Promise<boolean>;
  /** Stops the functions of a run that has ended. */
  stop(runId: string): Promise<void>;
}

/** The right to process a dataset. One run holds it at a time. */
export interface Lease {
  /** `undefined` if this run holds the lease now; otherwise the run that holds it. */
  acquire(others: OtherRuns): Promise<LeaseHolder | undefined>;
  release(): Promise<void>;
}

/** Longer than an execution can last. */
const KEPT_DAYS = 400;
/** An aborted execution leaves its functions running: they check for a stop every 4 s, then finish in-flight calls within 10 s. */
const TAKEOVER_MS = 30_000;

/**
 * Conditions of the writes. `:self` is the writing run, `:holder` the run that was read from the item.
 *
 * ```
 *                acquire                execution of A has ended           30 s later
 *   (no item) ──────────────▶ held by A ──────────────────────▶ held by A, ──────────▶ held by B
 *       ▲   isFreeOrOwn          │      isHeldWithoutEnd        ended_at      isEndedHolder
 *       └────────────────────────┘
 *            release: isOwn
 * ```
 */
const conditions = {
  /** One of many runs gets a free lease. A repeated call of the holder succeeds and clears `ended_at`. */
  isFreeOrOwn: 'attribute_not_exists(sample_id) OR run_id = :self',
  /** The first run to see the end of the holder sets the time; later runs never move it. */
  isHeldWithoutEnd: 'run_id = :holder AND attribute_not_exists(ended_at)',
  /** One of many waiting runs takes over, and only if the holder has not started again since the read. */
  isEndedHolder: 'attribute_not_exists(sample_id) OR (run_id = :holder AND ended_at = :ended)',
  /** A run never releases the lease of another run. */
  isOwn: 'run_id = :self',
} as const;

/** Name of the lease of an input: its bucket and folder, so that compressed and plain captions of one folder share a lease. */
export const leaseName = (input: string) => input.replace(/^s3:\/\//, '').replace(/[^/]*$/, '');

/**
 * A lease in the checkpoint table. Another run can acquire the expired lease of an ended run after a grace period that lets its functions stop.
 * Without the grace period, calls that those functions still make would be billed twice.
 */
export function createLease({ client, table, name, runId, executionArn, now }: LeaseOptions): Lease {
  const documents = createDocumentClient(client);
  const item = { TableName: table, Key: { sample_id: `lock#${name}`, step: 'lock' } };
  const put = async (condition: 'isFreeOrOwn' | 'isEndedHolder', values: Record<string, unknown>): Promise<boolean> => {
    const expires_at = Math.ceil(now() / 1000) + KEPT_DAYS * 86_400;
    const written = documents.send(
      new PutCommand({
        TableName: table,
        Item: { ...item.Key, run_id: runId, execution_arn: executionArn, expires_at },
        ConditionExpression: conditions[condition],
        ExpressionAttributeValues: values,
      }),
    );
    return (await writeIfConditionHolds(written)) !== undefined;
  };
  const recordEnd = (holder: string) =>
    writeIfConditionHolds(
      documents.send(
        new UpdateCommand({
          ...item,
          UpdateExpression: 'SET ended_at = :now',
          ConditionExpression: conditions.isHeldWithoutEnd,
          ExpressionAttributeValues: { ':holder': holder, ':now': now() },
        }),
      ),
    );

  return {
    async acquire({ isRunning, stop }) {
      if (await put('isFreeOrOwn', { ':self': runId })) return undefined;
      const { Item } = await documents.send(new GetCommand({ ...item, ConsistentRead: true }));
      const { run_id: run, execution_arn: arn, ended_at: endedAt } = (Item ?? {}) as LeaseItem;
      if (run === undefined) return { run };
      if (arn !== undefined && (await isRunning(arn))) return { run };
      if (endedAt === undefined) {
        await stop(run);
        await recordEnd(run);
        return { run, freeInSeconds: TAKEOVER_MS / 1000 };
      }
      const left = endedAt + TAKEOVER_MS - now();
      if (left > 0) return { run, freeInSeconds: Math.ceil(left / 1000) };
      return (await put('isEndedHolder', { ':holder': run, ':ended': endedAt })) ? undefined : { run };
    },
    async release() {
      const condition = { ConditionExpression: conditions.isOwn, ExpressionAttributeValues: { ':self': runId } };
      await writeIfConditionHolds(documents.send(new DeleteCommand({ ...item, ...condition })));
    },
  };
}

/** The item of a lease, as far as it is read. */
interface LeaseItem {
  readonly run_id?: string;
  readonly execution_arn?: string;
  /** Milliseconds since 1970. */
  readonly ended_at?: number;
}
