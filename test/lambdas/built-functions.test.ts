import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManifestLine } from '#aws/run-state/manifest.ts';
import { bundleFunctions } from '#infra/function-asset.ts';
import { pythonMissing } from '#test/e2e-aws/emulator/install-emulator.ts';
import { modelKey, serveFunctionEnvironment } from './function-environment.ts';
import { type Invoked, invoke } from './invoke.ts';

const memoryMb = { prepare: 1024, step: 512, collect: 1024 };

describe.skipIf(pythonMissing())('the built functions', { timeout: 300_000 }, () => {
  const Bucket = 'built-functions';
  const environment = serveFunctionEnvironment(Bucket);
  const { put, text } = environment;
  let asset: string;

  beforeAll(async () => {
    asset = mkdtempSync(join(tmpdir(), 'groundline-asset-'));
    bundleFunctions(asset);
    await uploadDataset();
  }, 300_000);
  afterAll(() => rmSync(asset, { recursive: true, force: true }));

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
    await put('inputs/photos/spec.yaml', environment.specText());
    await put('inputs/photos/captions.jsonl', lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  it('hold one image decoder, which runs on any processor', () => {
    expect(readdirSync(join(asset, 'node_modules', '@img')).filter((name) => name.startsWith('sharp'))).toEqual(['sharp-wasm32']);
  });

  it('start one run for six deliveries of an upload', async () => {
    const event = { detail: { bucket: { name: Bucket }, object: { key: 'inputs/photos/captions.jsonl', sequencer: '1' } } };
    const options = { asset, memoryMb: 256, env: environment.variables() };

    const runs = await Promise.all(Array.from({ length: 6 }, () => invoke<{ run: string }>('start-run', event, options)));

    expect(new Set(runs.map(({ answer }) => answer.run)).size).toBe(1);
    const { executions = [] } = await environment
      .sfn()
      .send(new ListExecutionsCommand({ stateMachineArn: environment.variables().STATE_MACHINE }));
    expect(executions.map(({ name }) => name)).toEqual([runs[0]?.answer.run]);
  });

  it('process large photographs within their memory and never show the key', async () => {
    const execution = {
      executionArn: 'arn:test',
      runId: 'photos-1',
      startedAt: new Date().toISOString(),
      input: { input: `s3://${Bucket}/inputs/photos/captions.jsonl` },
    };
    const env = environment.variables();
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
    const items = (await text(manifestKey))
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

    const records = (await text('runs/photos/photos-1/annotations.jsonl'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    expect(records).toHaveLength(5);
    expect(records[0]).toMatchObject({ width: 3000, height: 4000, orientation: 6, status: 'ok' });
    expect(await text('runs/photos/photos-1/report.html')).toContain('<html');
    expect(environment.model().calls.every(({ authorization }) => authorization === `Bearer ${modelKey}`)).toBe(true);
    const written = `${all.map(({ log }) => log).join('')}${await text('runs/photos/photos-1/run.json')}${await text('runs/photos/photos-1/work/plan.json')}`;
    expect(written).not.toContain(modelKey);
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
