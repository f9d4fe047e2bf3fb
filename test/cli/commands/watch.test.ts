import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import { createRunStateStore } from '#aws/run-state/run-state-store.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { awsAvailable, serveStack } from '../aws-stack.ts';
import { groundline } from '../command-line.ts';

const aws = serveStack();
const input = JSON.stringify({ input: 's3://bucket/inputs/birds/captions.jsonl' });

/** A run whose execution ends like this. */
async function ended(end: object, counts = { done: 7, failed: 2, cached: 1, calls: 15, spent: 0.25 }) {
  const stack = await aws.makeEnvironment({ StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 1, Next: 'End' }, End: end } });
  const item = createRunStateStore({ client: stack.dynamo, table: stack.table, runId: 'birds-1', now: Date.now });
  await item.describe({ phase: 'running', total: 9 });
  await item.add(counts);
  await stack.sfn.send(new StartExecutionCommand({ stateMachineArn: stack.stateMachine, name: 'birds-1', input }));
  return groundline(['watch', 'birds-1', '--env', stack.name, '--json'], { cwd: tempFolder(), env: { ...aws.env() } });
}

describe.skipIf(!awsAvailable)('groundline watch', { timeout: 120_000 }, () => {
  it('waits for the end of the run and prints where the results are', async () => {
    const { code, stdout } = await ended({ Type: 'Succeed' });

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      run: 'birds-1',
      status: 'SUCCEEDED',
      done: 7,
      failed: 2,
      cached: 1,
      calls: 15,
      spent_usd: 0.25,
      results: expect.stringMatching(/^s3:\/\/.*\/runs\/birds\/birds-1\/$/),
    });
  });

  it.each([
    ['TooManyFailures', 2],
    ['RunStopped', 1],
  ])('ends %s with exit code %d and the cause', async (error, exit) => {
    const { code, stdout } = await ended({ Type: 'Fail', Error: error, Cause: '2 of 9 samples failed' });

    expect(code).toBe(exit);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'FAILED', error, cause: '2 of 9 samples failed' });
  });
});
