import { createHash } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetCommand, NumberValue, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { StopReason } from '#core/errors.ts';
import { createDocumentClient } from '#storage/dynamodb/dynamodb-client.ts';
import { writeIfConditionHolds } from './conditional-write.ts';

/** The counters of a run. `spent` is USD, without calls whose price is unknown. */
export interface RunCounts {
  readonly done: number;
  readonly failed: number;
  readonly cached: number;
  readonly calls: number;
  readonly spent: number;
}

/** The shared state of a run, read by its workers and by `groundline watch`. */
export interface RunState extends RunCounts {
  readonly stop?: { readonly reason: StopReason; readonly message: string };
  /** Milliseconds since 1970 before which no call should start. */
  readonly pauseUntil: number;
  readonly total?: number;
  /** Progress as one word or sentence for people. */
  readonly phase?: string;
  /** Messages of workers to the user. */
  readonly notices: readonly string[];
}

/** The item of one run: its stop flag, its shared throttle, its progress. */
export interface RunStateStore {
  read(): Promise<RunState>;
  add(counts: Partial<RunCounts>): Promise<RunState>;
  /** Sets the stop flag. The first reason is kept. */
  stop(reason: StopReason, message: string): Promise<void>;
  /** Extends the pause; never shortens it. */
  pause(until: number): Promise<void>;
  /** Whether the caller is the first worker to claim this task, which one worker does for all. */
  claim(task: string): Promise<boolean>;
  /** Stores each kind of notice once, up to 20. Never throws: the function's log holds the notice too. */
  addNotice(notice: string): Promise<void>;
  describe(facts: { readonly phase: string; readonly total?: number }): Promise<void>;
}

export interface RunStateStoreOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly runId: string;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Long enough for every run and for reading its state afterwards. */
const KEPT_DAYS = 90;
/** Every update is billed by the size of the item, and an item above 400 KB would refuse even a stop. */
const NOTICE_CHARS = 1_000;
const NOTICES = 20;
const counters = ['done', 'failed', 'cached', 'calls', 'spent'] as const;

/**
 * Conditions of the writes. A write whose condition does not hold changes nothing, and its caller continues.
 *
 * | write       | condition       | guarantee                                                     |
 * | ----------- | --------------- | ------------------------------------------------------------- |
 * | `stop`      | isNotStopped    | the first reason is the one that the user sees                |
 * | `pause`     | extendsPause    | a late, shorter pause of one worker never releases the others |
 * | `claim`     | isUnclaimed     | one worker of the run does the task                           |
 * | `addNotice` | isNewNotice     | no kind of notice twice, never more than 20 notices           |
 */
const conditions = {
  isNotStopped: 'attribute_not_exists(#stop)',
  extendsPause: 'attribute_not_exists(#pause_until) OR #pause_until < :until',
  isUnclaimed: 'attribute_not_exists(#claimed)',
  isNewNotice: 'attribute_not_exists(#notices) OR (size(#notices) < :most AND NOT contains(#notice_sorts, :sort))',
} as const;

export function createRunStateStore({ client, table, runId, now }: RunStateStoreOptions): RunStateStore {
  const documents = createDocumentClient(client);
  const Key = { sample_id: `run#${runId}`, step: 'run' };
  const update = (expression: string, values: Record<string, unknown>, condition?: keyof typeof conditions) => {
    const ConditionExpression = condition && conditions[condition];
    return documents.send(
      new UpdateCommand({
        TableName: table,
        Key,
        UpdateExpression: expression,
        ConditionExpression,
        ExpressionAttributeNames: composeNames(`${expression} ${ConditionExpression ?? ''}`),
        ExpressionAttributeValues: values,
        ReturnValues: 'ALL_NEW',
      }),
    );
  };
  const expiry = () => Math.ceil(now() / 1000) + KEPT_DAYS * 86_400;

  return {
    async read() {
      const { Item } = await documents.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
      return readState(Item);
    },
    async add(counts) {
      const given = counters.filter((name) => counts[name]);
      const values = Object.fromEntries(given.map((name) => [`:${name}`, toDecimal(counts[name] ?? 0)]));
      const adding = given.length === 0 ? '' : ` ADD ${given.map((name) => `#${name} :${name}`).join(', ')}`;
      const { Attributes } = await update(`SET #expires_at = :expiry${adding}`, { ...values, ':expiry': expiry() });
      return readState(Attributes);
    },
    async stop(reason, message) {
      const values = { ':reason': reason, ':message': message };
      await writeIfConditionHolds(update('SET #stop = :reason, #stop_message = :message', values, 'isNotStopped'));
    },
    async pause(until) {
      await writeIfConditionHolds(update('SET #pause_until = :until', { ':until': until }, 'extendsPause'));
    },
    async claim(task) {
      return (await writeIfConditionHolds(update('SET #claimed = :task', { ':task': task }, 'isUnclaimed'))) !== undefined;
    },
    async addNotice(notice) {
      const sort = hashNoticeKind(notice);
      const values = {
        ':notice': new Set([notice.slice(0, NOTICE_CHARS)]),
        ':sort': sort,
        ':sorts': new Set([sort]),
        ':most': NOTICES,
      };
      await update('ADD #notices :notice, #notice_sorts :sorts', values, 'isNewNotice').catch(() => {});
    },
    async describe({ phase, total }) {
      const values = { ':phase': phase, ':expiry': expiry(), ':total': total };
      await update(`SET #phase = :phase, #expires_at = :expiry${total === undefined ? '' : ', #total = :total'}`, values);
    },
  };
}

/** Maps each `#name` of an expression to its attribute. Several attributes are reserved words of DynamoDB. */
function composeNames(expression: string): Record<string, string> {
  return Object.fromEntries([...expression.matchAll(/#(\w+)/g)].map(([placeholder, name]) => [placeholder, name as string]));
}

/** Servers give waiting times in seconds that differ each time. Without its numbers it is the same notice. */
const hashNoticeKind = (notice: string) =>
  createHash('sha256')
    .update(notice.replace(/\d+(\.\d+)?(\s*(ms|s|min|h)\b)?/g, '0'))
    .digest('base64url')
    .slice(0, 16);

/** DynamoDB takes at most 38 digits, so fractions are rounded to 10 decimals. */
const toDecimal = (value: number) => (Number.isInteger(value) ? value : NumberValue.from(value.toFixed(10)));

/** The attributes of a stored run state that are read. */
interface StoredRunState extends Partial<RunCounts> {
  readonly stop?: StopReason;
  readonly stop_message?: string;
  readonly pause_until?: number;
  readonly total?: number;
  readonly phase?: string;
  readonly notices?: ReadonlySet<string>;
}

function readState(attributes: Record<string, unknown> | undefined): RunState {
  const item: StoredRunState = attributes ?? {};
  return {
    done: item.done ?? 0,
    failed: item.failed ?? 0,
    cached: item.cached ?? 0,
    calls: item.calls ?? 0,
    spent: item.spent ?? 0,
    pauseUntil: item.pause_until ?? 0,
    notices: [...(item.notices ?? [])],
    stop: item.stop && { reason: item.stop, message: item.stop_message ?? item.stop },
    total: item.total,
    phase: item.phase,
  };
}
