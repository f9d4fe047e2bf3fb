import { describe, expect, it } from 'vitest';
import { prepareRun } from '#aws/prepare/prepare-run.ts';
import { createLease, leaseName } from '#aws/run-state/lease.ts';
import { openCloud } from '#aws/runtime/cloud.ts';
import { wallClock } from '#aws/runtime/wall-clock.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { createS3Client } from '#storage/s3/s3-client.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { serveDynamo } from '../dynamo-server.ts';

const dynamo = serveDynamo();
const input = 's3://bucket-1/inputs/d/captions.jsonl';

/** Prepares `run-b` while `run-a` holds the lease of the dataset. The bucket is a folder; an S3 request would fail. */
async function prepareDuringOtherRun(runningArns: readonly string[]) {
  const [client, table, folder] = [dynamo.connect(), await dynamo.emptyTable(), tempFolder()];
  const log = { debug() {}, info() {}, warn() {}, error() {}, count() {} };
  const variables = {
    ENVIRONMENT: 'test',
    BUCKET: 'bucket-1',
    TABLE: table,
    MODEL_KEYS_SECRET: 'keys',
    MODEL_HOSTS: [],
    OWN_MODEL_HOSTS: [],
    CHECKPOINT_DAYS: 0,
    MAX_LAMBDAS: 1,
    SETTLE_MINUTES: 0,
    MAX_UNATTENDED_USD: 0,
  };
  const s3 = createS3Client({ endpoint: 'http://127.0.0.1:9', region: 'us-east-1', maxAttempts: 1 });
  const bucket = createDirectoryFiles(folder);
  const cloud = { ...openCloud({ variables, s3, dynamo: client, clock: wallClock, log }), bucket };
  const executionArn = (run: string) => `arn:${run}`;
  const lease = createLease({ client, table, name: leaseName(input), runId: 'run-a', executionArn: executionArn('run-a'), now: Date.now });
  await lease.acquire({ isRunning: async () => true, stop: async () => {} });
  const event = { executionArn: executionArn('run-b'), runId: 'run-b', startedAt: new Date().toISOString(), input: { input }, waited: 0 };
  const secret = { read: async () => ({}), refresh: async () => false, values: [] };
  const isRunning = async (arn: string) => runningArns.includes(arn);
  const outcome = await prepareRun(event, { cloud, secret, version: 'test', isRunning, remainingMs: () => 60_000 });
  const runFile = async () => JSON.parse(Buffer.concat(await Array.fromAsync(bucket.read('runs/d/run-b/run.json'))).toString());
  return { outcome, runFile, stopOf: async (run: string) => (await cloud.runStateStore(run).read()).stop };
}

describe('preparation of a run', () => {
  it('waits while another run holds the lease of the dataset', async () => {
    const { outcome, runFile } = await prepareDuringOtherRun(['arn:run-a']);

    expect(outcome).toMatchObject({ status: 'incomplete', waitSeconds: 30, reason: expect.stringContaining('run run-a') });
    expect(await runFile()).toMatchObject({ status: 'waiting', message: expect.stringContaining('run run-a') });
  });

  it('stops the functions of an aborted run before it takes over the lease', async () => {
    const { outcome, stopOf } = await prepareDuringOtherRun([]);

    expect(outcome).toMatchObject({ status: 'incomplete', waitSeconds: 30, reason: expect.stringContaining('its execution was aborted') });
    expect(await stopOf('run-a')).toMatchObject({ reason: 'interrupted' });
  });
});
