import { type AttributeValue, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { createBatchMarks } from '#aws/batch/batch-mark.ts';
import { createLease } from '#aws/run-state/lease.ts';
import { createRunStateStore } from '#aws/run-state/run-state-store.ts';
import { createEndpointItems } from '#aws/runtime/endpoint-items.ts';
import { serveDynamo } from '../dynamo-server.ts';

type RawItem = Record<string, AttributeValue>;

const dynamo = serveDynamo();
const now = () => Date.UTC(2026, 0, 1, 12);

/** Items as DynamoDB stores them since the first release. Running environments hold them, so their types never change. */
const storedRun: RawItem = {
  sample_id: { S: 'run#r' },
  step: { S: 'run' },
  expires_at: { N: '1775044800' },
  done: { N: '2' },
  calls: { N: '3' },
  spent: { N: '0.0000001235' },
  stop: { S: 'unauthorized' },
  stop_message: { S: 'the key was refused' },
  pause_until: { N: '1767268800123' },
  claimed: { S: 'localisation check' },
  notices: { SS: ['wait 3 s'] },
  notice_sorts: { SS: ['5aQyLiUCqdtbRolY'] },
  phase: { S: 'running' },
  total: { N: '7' },
};
const endedLease: RawItem = {
  sample_id: { S: 'lock#b/inputs/d/' },
  step: { S: 'lock' },
  run_id: { S: 'a' },
  execution_arn: { S: 'arn:a' },
  expires_at: { N: '1801828800' },
  ended_at: { N: '1767268800000' },
};
const brokenMark: RawItem = {
  sample_id: { S: 'run#r#step_0#1' },
  step: { S: 'batch' },
  expires_at: { N: '1769860800' },
  at_line: { N: '7' },
  died_lines: { NS: ['3', '5'] },
};
const endpoint: RawItem = {
  sample_id: { S: 'endpoint#4f8d848825a112f9057c104f83e580e7' },
  step: { S: 'endpoint' },
  knowledge: { S: '{"tier":"json"}' },
};

async function openTable(...rawItems: RawItem[]) {
  const [client, table] = [dynamo.connect(), await dynamo.emptyTable()];
  for (const Item of rawItems) await client.send(new PutItemCommand({ TableName: table, Item }));
  const items = async () => (await client.send(new ScanCommand({ TableName: table }))).Items ?? [];
  const marks = createBatchMarks({ client, table, runId: 'r', step: 'step_0', batch: 1, now });
  const lease = (runId: string) => createLease({ client, table, name: 'b/inputs/d/', runId, executionArn: `arn:${runId}`, now });
  const store = createRunStateStore({ client, table, runId: 'r', now });
  return { items, marks, lease, store, endpoints: createEndpointItems({ client, table }) };
}

const ended = { isRunning: async () => false, stop: async () => {} };

describe('items of the checkpoint table that describe runs', () => {
  it('are read from raw attribute maps', async () => {
    const { store, lease, marks, endpoints } = await openTable(storedRun, endedLease, brokenMark, endpoint);

    expect(await store.read()).toMatchObject({
      done: 2,
      failed: 0,
      calls: 3,
      spent: 0.0000001235,
      stop: { reason: 'unauthorized', message: 'the key was refused' },
      pauseUntil: 1_767_268_800_123,
      notices: ['wait 3 s'],
      phase: 'running',
      total: 7,
    });
    expect(await lease('b').acquire(ended)).toEqual({ run: 'a', freeInSeconds: 30 });
    const mark = await marks.read();
    expect({ ...mark, crashedLines: mark.crashedLines.toSorted() }).toEqual({ broken: true, at: 7, crashedLines: [3, 5] });
    expect(await endpoints.get('http://h')).toEqual({ tier: 'json' });
  });

  it('are written with the same attribute types', async () => {
    const { items, store, lease, marks, endpoints } = await openTable();

    await store.add({ done: 2, calls: 3, spent: 0.00000012345 });
    await store.stop('unauthorized', 'the key was refused');
    await store.pause(1_767_268_800_123);
    await store.claim('localisation check');
    await store.addNotice('wait 3 s');
    await store.describe({ phase: 'running', total: 7 });
    await lease('a').acquire(ended);
    await lease('b').acquire(ended);
    await marks.write({ at: 7, crashedLines: [3, 5] });
    await endpoints.set('http://h', { tier: 'json' } as never);

    const written = new Map((await items()).map((item) => [item.sample_id?.S, item]));
    for (const expected of [storedRun, endedLease, endpoint]) expect(written.get(expected.sample_id?.S)).toEqual(expected);
    const mark = written.get(brokenMark.sample_id?.S);
    expect({ ...mark, died_lines: { NS: mark?.died_lines?.NS?.toSorted() } }).toEqual(brokenMark);
  });

  it('leave out the attributes of a mark without a line or crashed lines', async () => {
    const { items, marks } = await openTable();

    await marks.write({ crashedLines: [] });

    expect(await items()).toEqual([{ sample_id: { S: 'run#r#step_0#1' }, step: { S: 'batch' }, expires_at: { N: '1769860800' } }]);
    expect(await marks.read()).toEqual({ broken: true, crashedLines: [] });
  });
});
