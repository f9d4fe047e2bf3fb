import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, GetObjectCommand, PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateStateMachineCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManifestLine } from '#aws/run-state/manifest.ts';
import { toVariables } from '#core/function-settings.ts';
import { bundleFunctions } from '#infra/function-asset.ts';
import { serveDynamo } from '#test/aws/dynamo-server.ts';
import { pythonMissing } from '#test/e2e-aws/emulator/install-emulator.ts';
import { type Emulator, startEmulator } from '#test/e2e-aws/emulator/start-emulator.ts';
import { type StandIn, startStandIn } from '#test/models/stand-in.ts';
import { type Invoked, invoke } from './invoke.ts';

const memoryMb = { prepare: 1024, step: 512, collect: 1024 };

describe.skipIf(pythonMissing())('functions as they are deployed', { timeout: 300_000 }, () => {
  const dynamo = serveDynamo();
  let asset: string;
  let emulator: Emulator;
  let model: StandIn;
  let env: Record<string, string>;
  let s3: S3Client;
  const Bucket = 'built-functions';

  beforeAll(async () => {
    asset = mkdtempSync(join(tmpdir(), 'groundline-asset-'));
    bundleFunctions(asset);
    [emulator, model] = await Promise.all([startEmulator(), startStandIn()]);
    const client = {
      endpoint: emulator.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: '000000000000', secretAccessKey: 'test' },
    };
    s3 = new S3Client({ ...client, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    const { ARN = '' } = await new SecretsManagerClient(client).send(
      new CreateSecretCommand({ Name: 'keys', SecretString: '{"GOOGLE_API_KEY":"","OPENAI_API_KEY":"sk-very-secret"}' }),
    );
    const definition = JSON.stringify({ StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 600, End: true } } });
    const { stateMachineArn = '' } = await new SFNClient(client).send(
      new CreateStateMachineCommand({ name: 'machine', definition, roleArn: 'arn:aws:iam::000000000000:role/any' }),
    );
    env = {
      AWS_ENDPOINT_URL: emulator.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint(),
      AWS_ACCESS_KEY_ID: '000000000000',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
      POWERTOOLS_SERVICE_NAME: 'test',
      STATE_MACHINE: stateMachineArn,
      ...toVariables({
        ENVIRONMENT: 'test',
        BUCKET: Bucket,
        TABLE: await dynamo.emptyTable(),
        MODEL_KEYS_SECRET: ARN,
        MODEL_HOSTS: [new URL(model.url).host],
        OWN_MODEL_HOSTS: [],
        CHECKPOINT_DAYS: 90,
        MAX_LAMBDAS: 2,
        SETTLE_MINUTES: 0,
        MAX_UNATTENDED_USD: 10,
      }),
    };
    await uploadDataset();
  }, 300_000);
  afterAll(async () => {
    rmSync(asset, { recursive: true, force: true });
    await Promise.all([emulator?.stop(), model?.close()]);
  });

  const put = (Key: string, Body: string | Uint8Array) => s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  const textOf = async (Key: string) => (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString() ?? '';

  /** Turned photographs of twelve million pixels: only decoding brings them upright. */
  async function uploadDataset(): Promise<void> {
    const noise = { width: 4000, height: 3000, channels: 3, noise: { type: 'gaussian', mean: 120, sigma: 40 } } as const;
    for (let i = 0; i < 2; i++) {
      const photo = sharp({ create: { ...noise, background: 'white' } })
        .blur(2 + i)
        .jpeg({ quality: 80 })
        .withMetadata({ orientation: 6 });
      await put(`inputs/photos/img/${i}.jpg`, await photo.toBuffer());
    }
    const lines = Array.from({ length: 5 }, (_, i) => ({ image_path: `img/${i % 2}.jpg`, caption: `a red car${i} near a tall tree` }));
    await put('inputs/photos/spec.yaml', specText());
    await put('inputs/photos/captions.jsonl', lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  const specText = () => `autolabel_type: image_grounding
image_grounding:
  workflow: {max_workers: 8}
  vlm:
    backend: openai
    localisation_check: "off"
    openai: {base_url: "${model.url}", model_name: Qwen/Qwen3-VL-8B-Instruct}
`;

  it('hold one decoder, which runs on any processor', () => {
    expect(readdirSync(join(asset, 'node_modules', '@img')).filter((name) => name.startsWith('sharp'))).toEqual(['sharp-wasm32']);
  });

  it('start one run for six deliveries of an upload', async () => {
    const event = { detail: { bucket: { name: Bucket }, object: { key: 'inputs/photos/captions.jsonl', sequencer: '1' } } };
    const options = { asset, memoryMb: 256, env };

    const runs = await Promise.all(Array.from({ length: 6 }, () => invoke<{ run: string }>('start-run', event, options)));

    expect(new Set(runs.map(({ answer }) => answer.run)).size).toBe(1);
    const client = new SFNClient({
      endpoint: emulator.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: '000000000000', secretAccessKey: 'test' },
    });
    const { executions = [] } = await client.send(new ListExecutionsCommand({ stateMachineArn: env.STATE_MACHINE ?? '' }));
    expect(executions.map(({ name }) => name)).toEqual([runs[0]?.answer.run]);
  });

  it('take photographs that must be redrawn from upload to report, within their memory, and keep the key to themselves', async () => {
    const execution = {
      executionArn: 'arn:test',
      runId: 'photos-1',
      startedAt: new Date().toISOString(),
      input: { input: `s3://${Bucket}/inputs/photos/captions.jsonl` },
    };
    const step = { asset, memoryMb: memoryMb.step, env };
    const all: Invoked<unknown>[] = [];
    const call = async <T>(...args: Parameters<typeof invoke>) => {
      const invoked = await invoke<T>(...args);
      all.push(invoked);
      return invoked;
    };

    const prepared = await call<Record<string, unknown>>(
      'prepare-run',
      { ...execution, waited: 0 },
      { asset, memoryMb: memoryMb.prepare, env },
    );
    expect(prepared.answer).toMatchObject({ status: 'ok', samples: 5, maxConcurrency: 1 });
    const { run, steps, manifestKey } = prepared.answer as { run: object; steps: string[]; manifestKey: string };
    const items = (await textOf(manifestKey))
      .split('\n')
      .filter(Boolean)
      .map((line) => ManifestLine.parse(JSON.parse(line)));
    const batch = { batch: { run, steps }, items, attempt: 0 };
    const extracted = await call('extract-expressions', batch, step);
    const grounded = await call('ground-expressions', batch, step);
    const collected = await call('collect-results', { ...execution, failure: { cause: '' } }, { asset, memoryMb: memoryMb.collect, env });

    expect([extracted.answer, grounded.answer]).toEqual([
      { status: 'ok', completed: 5 },
      { status: 'ok', completed: 5 },
    ]);
    expect(collected.answer).toMatchObject({ status: 'ok', done: 5, failed: 0, pending: 0 });
    expect(Math.max(extracted.maxRssMb, grounded.maxRssMb)).toBeLessThan(memoryMb.step);
    expect(Math.max(prepared.maxRssMb, collected.maxRssMb)).toBeLessThan(memoryMb.prepare);

    const records = (await textOf('runs/photos/photos-1/annotations.jsonl'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    expect(records).toHaveLength(5);
    expect(records[0]).toMatchObject({ width: 3000, height: 4000, orientation: 6, status: 'ok' });
    expect(await textOf('runs/photos/photos-1/report.html')).toContain('<html');
    expect(model.calls.every(({ authorization }) => authorization === 'Bearer sk-very-secret')).toBe(true);
    const outputs = `${all.map(({ log }) => log).join('')}${await textOf('runs/photos/photos-1/run.json')}${await textOf('runs/photos/photos-1/work/plan.json')}`;
    expect(outputs).not.toContain('sk-very-secret');
    expectMetrics(grounded.log);
  });
});

/** Embedded metrics of one batch: by environment, and by environment and step, nothing finer. */
function expectMetrics(log: string): void {
  const metrics = log
    .split('\n')
    .filter((line) => line.includes('CloudWatchMetrics'))
    .map((line) => JSON.parse(line));
  expect(metrics[0]).toMatchObject({ SamplesDone: 5, SamplesFailed: 0, ModelCalls: 5, environment: 'test', step: 'step_1' });
  expect(metrics[0]._aws.CloudWatchMetrics[0]).toMatchObject({
    Namespace: 'Groundline',
    Dimensions: [['environment'], ['environment', 'step']],
  });
}
