import { createHash } from 'node:crypto';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { StopReason } from '#core/errors.ts';

/** What workers add to. `spent` is USD; parts of it whose price is unknown are not in it. */
export interface RunCounts {
  readonly done: number;
  readonly failed: number;
  readonly cached: number;
  readonly calls: number;
  readonly spent: number;
}

/** What all workers of a run, and whoever watches it, know of it. */
export interface RunState extends RunCounts {
  readonly stop?: { readonly reason: StopReason; readonly message: string };
  /** Milliseconds since 1970 before which no call should start. */
  readonly pauseUntil: number;
  readonly total?: number;
  /** Where the run stands, in a word for people. */
  readonly phase?: string;
  /** What workers have to say to the user. */
  readonly notices: readonly string[];
}

/** The item of one run: its stop, its shared brake, its progress. */
export interface RunStateStore {
  read(): Promise<RunState>;
  add(counts: Partial<RunCounts>): Promise<RunState>;
  /** The first reason stays. */
  stop(reason: StopReason, message: string): Promise<void>;
  /** Only ever extends a pause. */
  pause(until: number): Promise<void>;
  /** Whether the caller is the first worker to ask for this task, which one is to do for all. */
  claim(task: string): Promise<boolean>;
  /** Once for each sort of notice, and never more than the item has room for. It never fails: a notice is worth no sample. */
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

/** Long enough for every run and a look back at it. */
const KEPT_DAYS = 90;
/** Of one notice, and of all of them: every update is paid by the size of the item, and above 400 KB not even a stop would get in. */
const NOTICE_CHARS = 1_000;
const NOTICES = 20;
const counters = ['done', 'failed', 'cached', 'calls', 'spent'] as const;

export function createRunStateStore({ client, table, runId, now }: RunStateStoreOptions): RunStateStore {
  const Key = { sample_id: { S: `run#${runId}` }, step: { S: 'run' } };
  const update = (expression: string, values: Record<string, AttributeValue>, condition?: string) =>
    client.send(
      new UpdateItemCommand({
        TableName: table,
        Key,
        UpdateExpression: expression,
        ...(condition === undefined ? {} : { ConditionExpression: condition }),
        ...namesIn(`${expression} ${condition ?? ''}`),
        ExpressionAttributeValues: values,
        ReturnValues: 'ALL_NEW',
      }),
    );
  const expiry = () => ({ N: String(Math.ceil(now() / 1000) + KEPT_DAYS * 86_400) });

  return {
    async read() {
      const { Item } = await client.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }));
      return readState(Item);
    },
    async add(counts) {
      const given = counters.filter((name) => counts[name]);
      const values = Object.fromEntries(given.map((name) => [`:${name}`, { N: decimal(counts[name] ?? 0) }]));
      const adding = given.length === 0 ? '' : ` ADD ${given.map((name) => `#${name} :${name}`).join(', ')}`;
      const { Attributes } = await update(`SET #expires_at = :expiry${adding}`, { ...values, ':expiry': expiry() });
      return readState(Attributes);
    },
    async stop(reason, message) {
      const values = { ':reason': { S: reason }, ':message': { S: message } };
      await update('SET #stop = :reason, #stop_message = :message', values, 'attribute_not_exists(#stop)').catch(ignoreRefusal);
    },
    async pause(until) {
      const values = { ':until': { N: String(until) } };
      const condition = 'attribute_not_exists(#pause_until) OR #pause_until < :until';
      await update('SET #pause_until = :until', values, condition).catch(ignoreRefusal);
    },
    async claim(task) {
      const done = await update('SET #claimed = :task', { ':task': { S: task } }, 'attribute_not_exists(#claimed)').catch(ignoreRefusal);
      return done !== undefined;
    },
    async addNotice(notice) {
      const sort = hashNoticeKind(notice);
      const values = {
        ':notice': { SS: [notice.slice(0, NOTICE_CHARS)] },
        ':sort': { S: sort },
        ':sorts': { SS: [sort] },
        ':most': { N: String(NOTICES) },
      };
      const condition = 'attribute_not_exists(#notices) OR (size(#notices) < :most AND NOT contains(#notice_sorts, :sort))';
      await update('ADD #notices :notice, #notice_sorts :sorts', values, condition).catch(() => {}); // it is in the log
    },
    async describe({ phase, total }) {
      const values = { ':phase': { S: phase }, ':expiry': expiry(), ...(total === undefined ? {} : { ':total': { N: String(total) } }) };
      await update(`SET #phase = :phase, #expires_at = :expiry${total === undefined ? '' : ', #total = :total'}`, values);
    },
  };
}

/** Every name behind a `#`: several of ours are reserved words. */
function namesIn(expression: string): { ExpressionAttributeNames: Record<string, string> } {
  const names = new Set([...expression.matchAll(/#(\w+)/g)].map((match) => match[1] as string));
  return { ExpressionAttributeNames: Object.fromEntries([...names].map((name) => [`#${name}`, name])) };
}

/** Servers say in seconds how long to wait, differently each time: without its numbers it is the same notice. */
const hashNoticeKind = (notice: string) =>
  createHash('sha256')
    .update(notice.replace(/\d+(\.\d+)?(\s*(ms|s|min|h)\b)?/g, '0'))
    .digest('base64url')
    .slice(0, 16);

/** DynamoDB takes no exponents of JavaScript's length, and 38 digits at most. */
const decimal = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(10));

function ignoreRefusal(error: unknown): undefined {
  if (error instanceof ConditionalCheckFailedException) return undefined;
  throw error;
}

function readState(item: Record<string, AttributeValue> | undefined): RunState {
  const number = (name: string) => Number(item?.[name]?.N ?? 0);
  const { stop, stop_message: message, total, phase } = item ?? {};
  return {
    done: number('done'),
    failed: number('failed'),
    cached: number('cached'),
    calls: number('calls'),
    spent: number('spent'),
    pauseUntil: number('pause_until'),
    notices: item?.notices?.SS ?? [],
    ...(stop?.S === undefined ? {} : { stop: { reason: stop.S as StopReason, message: message?.S ?? stop.S } }),
    ...(total?.N === undefined ? {} : { total: Number(total.N) }),
    ...(phase?.S === undefined ? {} : { phase: phase.S }),
  };
}
