import { Agent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AttributeValue, DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  type ExecutionListItem,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { inject } from 'vitest';
import type { FileStore } from '#core/ports.ts';
import { createS3Files } from '#storage/s3/s3-files.ts';
import type { StackOutputs } from './emulator/deploy.ts';
import { modelHosts } from './model.ts';

const deployed = inject('deployed');

/** False where the emulator cannot run; the names of the suites give the reason. */
export const awsAvailable = deployed !== undefined;

/** A run as its execution and its files show it. */
export interface EndedRun {
  readonly id: string;
  readonly status: string | undefined;
  readonly error: string | undefined;
  readonly cause: string | undefined;
  /** Text of a result file; `undefined` where there is none. */
  file(name: string): Promise<string | undefined>;
  /** Names of the run's files below its prefix. */
  files(): Promise<string[]>;
}

/** Looking costs the emulator more than it seems. */
const LOOK_EVERY_MS = 500;

/** One deployed environment, as its user sees it. */
export type Cloud = ReturnType<typeof openCloud>;

const { endpoint = '', certificate = '' } = deployed ?? {};
const config = {
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: '000000000000', secretAccessKey: 'test' },
  requestHandler: { httpsAgent: new Agent({ ca: certificate, maxSockets: 32, keepAlive: true }) },
};

export function openCloud({
  BucketName: bucket = '',
  TableName = '',
  StateMachineArn: stateMachineArn = '',
  ModelKeysSecret = '',
}: StackOutputs) {
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  const sfn = new SFNClient(config);
  const secrets = new SecretsManagerClient(config);
  const dynamo = new DynamoDBClient(config);
  const filesBelow = (prefix: string): FileStore => createS3Files({ client: s3, bucket, prefix });

  function endedRun(dataset: string, { name = '', status, error, cause }: DescribeExecutionOutput): EndedRun {
    const files = filesBelow(`runs/${dataset}/${name}`);
    return { id: name, status, error, cause, file: (path) => textOf(files, path), files: () => Array.fromAsync(files.list('')) };
  }

  /** All runs of a dataset that have its name, the latest last: those that uploads and the command line start. */
  async function runsOf(dataset: string): Promise<ExecutionListItem[]> {
    const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 1000 }));
    const named = new RegExp(`^${dataset}-[0-9a-f]{16}$`);
    return executions.filter(({ name = '' }) => named.test(name)).sort((a, b) => Number(a.startDate) - Number(b.startDate));
  }

  async function describeRun(dataset: string, executionArn: string | undefined): Promise<EndedRun> {
    return endedRun(dataset, await sfn.send(new DescribeExecutionCommand({ executionArn })));
  }

  return {
    s3,
    sfn,
    bucket,
    stateMachineArn,
    runsOf,
    put: (Key: string, Body: Uint8Array | string) => s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body })),
    get: (key: string) => textOf(filesBelow(''), key),
    putModelKey: (key: string) =>
      secrets.send(
        new PutSecretValueCommand({
          SecretId: ModelKeysSecret,
          SecretString: JSON.stringify(Object.fromEntries(modelHosts.map((host) => [host, key]))),
        }),
      ),

    /** Waits until a dataset has `count` runs and none of them is running. */
    async ended(dataset: string, count = 1, seconds = 600): Promise<[EndedRun, ...EndedRun[]]> {
      const until = performance.now() + seconds * 1000;
      for (;;) {
        const runs = await runsOf(dataset);
        const open = runs.filter(({ status }) => status === 'RUNNING');
        if (runs.length >= count && open.length === 0)
          return (await Promise.all(runs.map(({ executionArn }) => describeRun(dataset, executionArn)))) as [EndedRun, ...EndedRun[]];
        if (performance.now() > until)
          throw new Error(`${dataset}: ${runs.length} of ${count} runs, ${open.length} still going on after ${seconds} s`);
        await sleep(LOOK_EVERY_MS);
      }
    },

    /** Starts an execution as somebody in the console would; resolves when it has ended. */
    async startRun(dataset: string, input: Record<string, unknown>): Promise<EndedRun> {
      const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }));
      for (;;) {
        const run = await sfn.send(new DescribeExecutionCommand({ executionArn }));
        if (run.status !== 'RUNNING') return endedRun(dataset, run);
        await sleep(LOOK_EVERY_MS);
      }
    },

    /** Items of the checkpoint table whose sample id begins so. */
    async rowsOf(beginning: string): Promise<Record<string, AttributeValue>[]> {
      const rows: Record<string, AttributeValue>[] = [];
      const query = {
        TableName,
        FilterExpression: 'begins_with(sample_id, :beginning)',
        ExpressionAttributeValues: { ':beginning': { S: beginning } },
      };
      for await (const { Items = [] } of paginateScan({ client: dynamo }, query)) rows.push(...Items);
      return rows;
    },
  };
}

async function textOf(files: FileStore, path: string): Promise<string | undefined> {
  try {
    return Buffer.concat(await Array.fromAsync(files.read(path))).toString('utf8');
  } catch (error) {
    if (error instanceof Error && error.name === 'FileNotFoundError') return undefined;
    throw error;
  }
}

/** The environment that all suites share. */
export const dev = openCloud(deployed?.outputs ?? {});
