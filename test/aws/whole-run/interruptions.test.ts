import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { collectResults } from '#aws/collect/collect-results.ts';
import { s3Available } from '#test/storage/s3-server.ts';
import { filesOf, linesOf, problemsOf, serveDatasets, startOf } from './dataset.ts';

const { makeDataset } = serveDatasets();

describe.skipIf(!s3Available)('a run on AWS that is interrupted', { timeout: 120_000 }, () => {
  it('stops all functions at the first refused key, with what to do', async () => {
    const dataset = await makeDataset(linesOf(60), { latencyMs: 20, script: () => ({ status: 401, error: 'bad key' }) });

    const { failed, prefix } = await dataset.environment.run(startOf(dataset));

    expect(dataset.model.calls.length).toBeLessThanOrEqual(6);
    expect(failed?.error).toBe('RunStopped');
    expect(failed?.cause).toMatch(/key.*60 pending/s);
    expect(JSON.parse(await dataset.environment.text(`${prefix}/run.json`))).toMatchObject({
      status: 'stopped',
      stop: { reason: 'unauthorized' },
      first_pending_line: 1,
      counts: { lines: 60, pending: 60 },
    });
  });

  it('uses a key that was changed during the run', async () => {
    let key = 'old';
    const dataset = await makeDataset(linesOf(10), {
      keys: () => ({ OPENAI_API_KEY: key }),
      script: ({ authorization }) => {
        key = 'new';
        return authorization === 'Bearer new' ? undefined : { status: 401, error: 'bad key' };
      },
    });

    const { failed } = await dataset.environment.run(startOf(dataset));

    expect(failed).toBeUndefined();
    expect(dataset.model.billed.length).toBeGreaterThan(10);
  });

  it('fails only the sample that crashes its function', async () => {
    const dataset = await makeDataset(linesOf(20), { latencyMs: 5 });
    const { environment } = dataset;
    const stat = environment.cloud.s3.send.bind(environment.cloud.s3);
    environment.cloud.s3.send = ((command: { input?: { Key?: string } }, ...rest: unknown[]) => {
      // The image of line 5 takes its function down, as one that does not fit into memory would.
      if (command.input?.Key === 'inputs/d/img/4.png' && command.constructor.name === 'GetObjectCommand')
        throw Object.assign(new Error('killed'), { fatal: true });
      return (stat as (...args: unknown[]) => unknown)(command, ...rest);
    }) as typeof environment.cloud.s3.send;

    const { prefix } = await environment.run(startOf(dataset));

    const problems = problemsOf(await environment.text(`${prefix}/failed.jsonl`));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ line: 5 });
    expect(JSON.parse(await environment.text(`${prefix}/run.json`)).counts).toMatchObject({ done: 19, failed: 1 });
  });

  it('isolates and fails the sample that kills its function every time', async () => {
    const dataset = await makeDataset(linesOf(20), { latencyMs: 5 });
    const { environment } = dataset;
    const { s3 } = environment.cloud;
    const send = s3.send.bind(s3) as (...args: unknown[]) => Promise<unknown>;
    s3.send = ((command: { input: { Key?: string } }, ...rest: unknown[]) => {
      const isFatal = command.input.Key === 'inputs/d/img/4.png' && command.constructor.name === 'GetObjectCommand';
      return (isFatal && environment.killCaller()) || send(command, ...rest);
    }) as typeof s3.send;

    const { prefix, batches } = await environment.run(startOf(dataset));

    expect(problemsOf(await environment.text(`${prefix}/failed.jsonl`))).toMatchObject([{ line: 5, code: 'worker_died' }]);
    expect(environment.logged.filter(({ message }) => message === 'crash').length).toBeGreaterThan(1);
    expect(batches.filter(({ outcome }) => outcome === 'lost')).toEqual([]);
    expect(JSON.parse(await environment.text(`${prefix}/run.json`)).counts).toMatchObject({ done: 19, failed: 1 });
  });

  it('fails all samples of a batch whose function cannot start, each by its line', async () => {
    const dataset = await makeDataset(linesOf(20), {
      onBatch: (_, [first]) => {
        if (first?.n === 1) throw new Error('the function cannot start');
      },
    });

    const { prefix, batches, failed } = await dataset.environment.run(startOf(dataset));

    const [lost] = batches.filter(({ outcome }) => outcome === 'lost');
    const problems = problemsOf(await dataset.environment.text(`${prefix}/failed.jsonl`));
    expect(problems.map(({ line, code }) => [line, code])).toEqual(
      Array.from({ length: lost?.items ?? 0 }, (_, i) => [i + 1, 'batch_lost']),
    );
    expect(problems[0]).toMatchObject({ image_path: 'img/0.png', n: 0 });
    expect(failed).toMatchObject({ error: 'TooManyFailures', cause: expect.stringContaining('batch_lost') });
  });

  it('fails a batch whose second step cannot start with its expressions in step 0', async () => {
    const dataset = await makeDataset(linesOf(4), {
      onBatch: (step) => {
        if (step === 'step_1') throw new Error('the function cannot start');
      },
    });

    const { prefix } = await dataset.environment.run(startOf(dataset));

    const text = (name: string) => dataset.environment.text(`${prefix}/${name}`);
    expect((await text('step_0_expression_extraction/annotations.jsonl')).split('\n').filter(Boolean)).toHaveLength(4);
    expect(problemsOf(await text('failed.jsonl')).map(({ code }) => code)).toEqual(Array(4).fill('batch_lost'));
  });

  it('suspends and resumes batches whose functions run out of time', async () => {
    const dataset = await makeDataset(linesOf(30), { latencyMs: 200, functionMs: 15_000 });

    const { failed, prefix, batches } = await dataset.environment.run(startOf(dataset, { max_workers: 2 }));

    expect(failed).toBeUndefined();
    expect(batches.length).toBeGreaterThan(0);
    const local = await dataset.local();
    for (const [name, text] of Object.entries(await filesOf(dataset, prefix))) expect(text).toBe(local(name));
    // Each suspended call repeats at most its calls in flight.
    const suspended = batches.filter(({ outcome }) => outcome !== 'lost' && outcome.status === 'incomplete').length;
    expect(suspended).toBeGreaterThan(0);
    expect(dataset.model.calls.length).toBeLessThanOrEqual(30 + 26 + 2 * suspended);
  });

  it('merges many lines in several calls without a difference in the result files', async () => {
    const equal = JSON.stringify({ image_path: 'img/0.png', caption: 'a red car near a tall tree' });
    const dataset = await makeDataset(['not json', ...Array(410).fill(equal)], { images: 1 });
    const { cloud, run, text } = dataset.environment;
    const { prefix } = await run(startOf(dataset, { spec: { workflow: { max_failure_rate: 0.5 } } }));
    const before = await filesOf(dataset, prefix);
    await cloud.s3.send(new DeleteObjectCommand({ Bucket: cloud.variables.BUCKET, Key: `${prefix}/work/collect.json` }));
    const runId = prefix.split('/').at(-1) ?? '';
    const event = { executionArn: `arn:${runId}`, runId, startedAt: new Date().toISOString(), input: startOf(dataset), failure: {} };
    const collectOnce = (isLate: boolean) => {
      let calls = 0;
      return collectResults(event, { cloud, version: 'test', remainingMs: () => (isLate && calls++ > 0 ? 0 : 900_000) });
    };

    const suspended = [await collectOnce(true), await collectOnce(true)];

    expect(suspended).toMatchObject([{ status: 'incomplete' }, { status: 'incomplete' }]);
    expect(await collectOnce(false)).toMatchObject({ status: 'ok', done: 410, failed: 1 });
    expect(await filesOf(dataset, prefix)).toEqual(before);
    expect(problemsOf(await text(`${prefix}/failed.jsonl`))).toMatchObject([{ line: 1, code: 'invalid_line' }]);
  });

  it('writes the report in another call where time runs out', async () => {
    const dataset = await makeDataset(linesOf(3));
    const { cloud, run } = dataset.environment;
    const { prefix } = await run(startOf(dataset));
    const runId = prefix.split('/').at(-1) ?? '';
    const event = { executionArn: `arn:${runId}`, runId, startedAt: new Date().toISOString(), input: startOf(dataset), failure: {} };
    const collectWith = (...left: readonly number[]) => {
      let looks = 0;
      return collectResults(event, { cloud, version: 'test', remainingMs: () => left[Math.min(looks++, left.length - 1)] ?? 0 });
    };

    expect(await collectWith(900_000, 200_000)).toMatchObject({ status: 'incomplete' });
    expect(await collectWith(900_000, 890_000)).toMatchObject({ status: 'ok', done: 3 });
  });

  it('waits for a long pause outside of its functions', async () => {
    let refused = 0;
    const dataset = await makeDataset(linesOf(12), {
      latencyMs: 20,
      script: (_, calls) =>
        calls.length > 8 && refused < 3 && ++refused ? { status: 429, error: 'slow down', headers: { 'retry-after': '240' } } : undefined,
    });

    const { failed, batches, prefix } = await dataset.environment.run(startOf(dataset, { max_workers: 3 }));

    expect(failed).toBeUndefined();
    expect(batches.some(({ outcome }) => outcome !== 'lost' && outcome.status === 'incomplete' && outcome.waitSeconds > 15)).toBe(true);
    expect(JSON.parse(await dataset.environment.text(`${prefix}/run.json`)).counts).toMatchObject({ done: 12, failed: 0 });
  });

  it('repeats failed.jsonl in place with the spec and images of its run', async () => {
    let broken = true;
    const dataset = await makeDataset(linesOf(10), {
      script: ({ caption }) => (broken && caption.includes('car2') ? { status: 400, error: 'image cannot be decoded' } : undefined),
    });
    const first = await dataset.environment.run(startOf(dataset));
    expect(first.failed?.cause).toContain('1 of 10 samples failed');
    const calls = dataset.model.calls.length;
    broken = false;

    const { prefix, failed } = await dataset.environment.run({
      input: `s3://${dataset.environment.cloud.variables.BUCKET}/${first.prefix}/failed.jsonl`,
    });

    expect(failed).toBeUndefined();
    expect(prefix).toMatch(/^runs\/d\//);
    expect(dataset.model.calls.length - calls).toBe(2);
    const annotations = await dataset.environment.text(`${prefix}/annotations.jsonl`);
    expect(JSON.parse(annotations)).toMatchObject({ image_path: 'img/2.png', n: 2, status: 'ok' });
  });

  it('uses the steps, lines and workers named at its start', async () => {
    const dataset = await makeDataset(linesOf(12));

    const { prefix, prepared } = await dataset.environment.run(startOf(dataset, { steps: ['0'], limit: 5, max_workers: 3 }));

    expect(prepared).toMatchObject({ maxConcurrency: 1, samples: 5 });
    expect(dataset.model.calls).toHaveLength(5);
    expect(JSON.parse(await dataset.environment.text(`${prefix}/run.json`))).toMatchObject({
      counts: { lines: 12, done: 5, pending: 7 },
      first_pending_line: 6,
    });
    const steps = await dataset.environment.run({
      input: `s3://${dataset.environment.cloud.variables.BUCKET}/${prefix}/step_0_expression_extraction/annotations.jsonl`,
      steps: ['1'],
    });
    expect(steps.failed).toBeUndefined();
    expect(dataset.model.calls).toHaveLength(5 + 4);
  });

  it('exceeds a budget by the calls in flight at most', async () => {
    const dataset = await makeDataset(linesOf(40), { latencyMs: 30 });
    const perCall = (600 * 0.2 + 60 * 1.2) / 1_000_000;
    const spec = { vlm: { openai: { model_name: 'gpt-5.6-luna' } } };

    const { failed } = await dataset.environment.run(startOf(dataset, { spec, budget_usd: 10 * perCall }));

    expect(dataset.model.calls.length).toBeGreaterThanOrEqual(10);
    expect(dataset.model.calls.length).toBeLessThanOrEqual(10 + 6);
    expect(failed?.cause).toContain('budget');
  });
});
