import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateStateMachineCommand, DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startExecution, startRun } from '#aws/start/start-run.ts';
import { makeVersioned } from '#test/aws/whole-run/environment.ts';
import { s3Available, serveS3 } from '#test/storage/s3-server.ts';

const server = serveS3();
const credentials = { accessKeyId: '000000000000', secretAccessKey: 'test' };
let machines = 0;

async function open() {
  const s3 = server.connect();
  const bucket = await server.emptyBucket();
  await makeVersioned(s3, bucket);
  const sfn = new SFNClient({ endpoint: server.endpoint(), region: 'us-east-1', credentials });
  const definition = JSON.stringify({ StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 600, End: true } } });
  const { stateMachineArn: stateMachine = '' } = await sfn.send(
    new CreateStateMachineCommand({
      name: `machine-${process.pid}-${machines++}`,
      definition,
      roleArn: 'arn:aws:iam::000000000000:role/any',
    }),
  );
  const deliver = (key: string) =>
    startRun({ detail: { bucket: { name: bucket }, object: { key, sequencer: '1' } } }, { s3, sfn, stateMachine, notice: () => {} });
  const executions = async () => (await sfn.send(new ListExecutionsCommand({ stateMachineArn: stateMachine }))).executions ?? [];
  const put = (key: string, text: string) => server.put(bucket, key, Buffer.from(text));
  return { sfn, bucket, put, deliver, executions };
}

describe.skipIf(!s3Available)('start of a run by an upload', () => {
  it('is one start for six deliveries', async () => {
    const { put, deliver, executions } = await open();
    await put('inputs/a b/captions.jsonl', '{}');

    const answers = await Promise.all(Array.from({ length: 6 }, () => deliver('inputs/a b/captions.jsonl')));

    expect(answers.filter(({ status }) => status === 'started')).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 'already started')).toHaveLength(5);
    expect(await executions()).toHaveLength(1);
  });

  it('is one run for captions and spec in either order of events', async () => {
    const { sfn, bucket, put, deliver, executions } = await open();
    await put('inputs/d/captions.jsonl', '{}');
    await put('inputs/d/spec.yaml', 'x');

    await deliver('inputs/d/spec.yaml');
    await deliver('inputs/d/captions.jsonl');

    const [only, ...more] = await executions();
    expect(more).toEqual([]);
    const { input } = await sfn.send(new DescribeExecutionCommand({ executionArn: only?.executionArn }));
    expect(JSON.parse(input ?? '')).toEqual({
      input: `s3://${bucket}/inputs/d/captions.jsonl`,
      uploaded: { captions: expect.any(String), spec: expect.any(String) },
    });
  });

  it.each([
    ['captions.jsonl', 'captions.jsonl.gz'],
    ['captions.jsonl.gz', 'captions.jsonl'],
  ])('uses the captions uploaded last when %s and then %s precede a spec', async (older, newer) => {
    const { sfn, bucket, put, deliver, executions } = await open();
    await put(`inputs/d/${older}`, '{}');
    await sleep(1_100); // S3 stores times in seconds
    await put(`inputs/d/${newer}`, '{}');
    await put('inputs/d/spec.yaml', 'x');

    await deliver('inputs/d/spec.yaml');

    const [only] = await executions();
    const { input } = await sfn.send(new DescribeExecutionCommand({ executionArn: only?.executionArn }));
    expect(JSON.parse(input ?? '')).toMatchObject({ input: `s3://${bucket}/inputs/d/${newer}` });
  });

  it('is a new run for equal bytes uploaded again', async () => {
    const { put, deliver, executions } = await open();
    for (let upload = 0; upload < 2; upload++) {
      await put('inputs/d/captions.jsonl.gz', 'same');
      await deliver('inputs/d/captions.jsonl.gz');
    }

    expect(await executions()).toHaveLength(2);
  });

  it('needs the captions when the spec comes first', async () => {
    const { put, deliver, executions } = await open();
    await put('inputs/d/spec.yaml', 'x');

    expect(await deliver('inputs/d/spec.yaml')).toEqual({ status: 'no captions yet' });
    expect(await executions()).toEqual([]);
  });

  it.each(['runs/d/r/annotations.jsonl', 'runs/d/r/captions.jsonl', 'inputs/d/notes.txt'])('does not happen for %s', async (key) => {
    const { put, deliver, executions } = await open();
    await put(key, 'x');

    expect(await deliver(key)).toEqual({ status: 'no dataset file' });
    expect(await executions()).toEqual([]);
  });
});

describe('a reply of Step Functions to a start', () => {
  /** Replies like Step Functions; the emulator differs for a running execution. */
  async function answering(status: number, body: object): Promise<SFNClient> {
    const service = createServer((_, response) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
    });
    service.listen(0, '127.0.0.1');
    await once(service, 'listening');
    onTestFinished(() => {
      service.closeAllConnections();
      service.close();
    });
    return new SFNClient({ endpoint: `http://127.0.0.1:${(service.address() as AddressInfo).port}`, region: 'us-east-1', credentials });
  }
  const machine = 'arn:aws:states:us-east-1:000000000000:stateMachine:m';

  it('with success and an older date means that the run is already running', async () => {
    const sfn = await answering(200, { executionArn: `${machine}:x`, startDate: Date.now() / 1000 - 3600 });

    expect(await startExecution(sfn, machine, 'x', {})).toBe('already started');
  });

  it('with success and the current date means a start', async () => {
    const sfn = await answering(200, { executionArn: `${machine}:x`, startDate: Date.now() / 1000 });

    expect(await startExecution(sfn, machine, 'x', {})).toBe('started');
  });

  it('that the execution already exists counts as started', async () => {
    const sfn = await answering(400, { __type: 'ExecutionAlreadyExists', message: 'Execution Already Exists' });

    expect(await startExecution(sfn, machine, 'x', {})).toBe('already started');
  });

  it('with any other error is thrown, so that the event is retried and then kept', async () => {
    const sfn = await answering(400, { __type: 'AccessDeniedException', message: 'no' });

    await expect(startExecution(sfn, machine, 'x', {})).rejects.toThrow('no');
  });
});
