import { gzipSync } from 'node:zlib';
import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { createImageRecogniser } from '#aws/collect/recognised-images.ts';
import { readPlan } from '#aws/run-state/stored-plan.ts';
import { s3Available } from '#test/storage/s3-server.ts';
import { filesOf, linesOf, problemsOf, serveDatasets, startOf } from './dataset.ts';

const { makeDataset } = serveDatasets();

describe.skipIf(!s3Available)('a run on AWS, function by function', { timeout: 120_000 }, () => {
  it('writes the same bytes and makes as many calls as a local run', async () => {
    const lines = [
      ...linesOf(23),
      '{"image_path":"img/0.png"}',
      'not json',
      JSON.stringify({ image_path: 'img/gone.png', caption: 'a lost dog' }),
    ];
    const dataset = await makeDataset(lines);

    const { prefix, failed, prepared, batches } = await dataset.environment.run(
      startOf(dataset, { spec: { workflow: { max_failure_rate: 0.05 } } }),
    );
    const local = await dataset.local(['workflow.max_failure_rate=0.05']);

    expect(prepared.status).toBe('ok');
    expect(batches.length).toBeGreaterThan(4);
    for (const [name, text] of Object.entries(await filesOf(dataset, prefix))) expect(text).toBe(local(name));
    expect(
      problemsOf(await dataset.environment.text(`${prefix}/failed.jsonl`)).map(({ message: _, ...rest }: Record<string, unknown>) => rest),
    ).toEqual(problemsOf(local('failed.jsonl')));
    expect(failed?.error).toBe('TooManyFailures');
    expect(failed?.cause).toContain('3 of 26 samples failed');
    // For the news, which EventBridge writes as a JSON text.
    expect(JSON.parse(`"${failed?.cause}"`)).toBe(failed?.cause);
    expect(dataset.model.calls).toHaveLength(23 + 20);
  });

  it('recognises the images of failed lines that are images', async () => {
    const lines = [
      ...linesOf(1),
      JSON.stringify({ image_path: 'img/1.png', caption: 'a refused car' }),
      JSON.stringify({ image_path: 'secret.csv', caption: 'a red car', width: 64, height: 48 }),
    ];
    const dataset = await makeDataset(lines, {
      script: ({ caption }) => (caption.includes('refused') ? { text: '', finish: 'content_filter' } : undefined),
    });
    await dataset.put('inputs/d/secret.csv', 'name,salary');

    const { prefix } = await dataset.environment.run(startOf(dataset, { spec: { workflow: { max_failure_rate: 1 } } }));
    const isRecognised = createImageRecogniser(
      dataset.environment.cloud.bucket,
      await readPlan(dataset.environment.cloud.bucket, `${prefix}/work/plan.json`),
    );

    expect(await isRecognised({ status: 'failed', line: 2, path: 'img/1.png' })).toBe(true);
    expect(await isRecognised({ status: 'failed', line: 3, path: 'secret.csv' })).toBe(false);
  });

  it('makes no call for completed lines', async () => {
    const dataset = await makeDataset(linesOf(12));
    const first = await dataset.environment.run(startOf(dataset));
    const calls = dataset.model.calls.length;

    const second = await dataset.environment.run(startOf(dataset));

    expect(dataset.model.calls).toHaveLength(calls);
    expect(await filesOf(dataset, second.prefix)).toEqual(await filesOf(dataset, first.prefix));
    expect(second.failed).toBeUndefined();
    expect(JSON.parse(await dataset.environment.text(`${second.prefix}/run.json`))).toMatchObject({
      status: 'finished',
      counts: { lines: 12, done: 12, failed: 0, pending: 0, cached: 12 },
    });
  });

  it('fails one line each for a deep line, an internal error, a damaged checkpoint', async () => {
    const nested = '['.repeat(6000) + ']'.repeat(6000);
    const deep = `{"image_path":"img/0.png","caption":"a red car","extra":${nested}}`;
    const dataset = await makeDataset([...linesOf(20), deep, `{"image_path":"img/0.png","extra":${nested}}`]);
    const { environment, model } = dataset;
    const tolerant = startOf(dataset, { spec: { workflow: { max_failure_rate: 0.5 } } });
    await environment.run(tolerant);
    const calls = model.calls.length;
    const { dynamo, variables, checkpoints } = environment.cloud;
    const { Items = [] } = await dynamo.send(new ScanCommand({ TableName: variables.TABLE }));
    const damaged = Items.find(({ sample_id: id, step }) => id?.S?.startsWith('5-') && step?.S?.startsWith('step_1'));
    const { body: _, ...rest } = damaged ?? {};
    await dynamo.send(new PutItemCommand({ TableName: variables.TABLE, Item: { ...rest, packed: { B: Buffer.from('no gzip') } } }));
    const latest: typeof checkpoints.latest = async (sampleId, step) => {
      if (step === 'step_0' && sampleId.startsWith('7-')) throw new TypeError('x is not a function');
      return checkpoints.latest(sampleId, step);
    };
    Object.assign(environment.cloud, { checkpoints: { ...checkpoints, latest } });

    const { prefix, failed, batches } = await environment.run(tolerant);

    expect(failed).toBeUndefined();
    expect(batches.map(({ outcome }) => (outcome === 'lost' ? outcome : outcome.status))).toEqual(batches.map(() => 'ok'));
    expect(environment.logged.filter(({ message }) => message === 'crash')).toEqual([]);
    expect(problemsOf(await environment.text(`${prefix}/failed.jsonl`)).map(({ line, code }) => [line, code])).toEqual([
      [6, 'checkpoint_unreadable'],
      [8, 'internal_error'],
      [21, 'line_too_deep'],
      [22, 'line_too_deep'],
    ]);
    expect((await environment.text(`${prefix}/annotations.jsonl`)).split('\n').filter(Boolean)).toHaveLength(18);
    expect(model.calls).toHaveLength(calls);
  });

  it('stops after ten samples in a row that fail at the same place', async () => {
    const dataset = await makeDataset(linesOf(40));
    const { environment, model } = dataset;
    const latest = () => Promise.reject(new TypeError('x is not a function'));
    Object.assign(environment.cloud, { checkpoints: { ...environment.cloud.checkpoints, latest } });

    const { prefix, failed } = await environment.run(startOf(dataset));

    expect(failed?.cause).toContain('10 samples in a row failed at the same place: unexpected error at ');
    expect(JSON.parse(await environment.text(`${prefix}/run.json`))).toMatchObject({
      status: 'stopped',
      stop: { reason: 'internal_error' },
    });
    expect(model.calls).toHaveLength(0);
  });

  it('repeats every call of a forced run once', async () => {
    const dataset = await makeDataset(linesOf(6));
    await dataset.environment.run(startOf(dataset));
    const calls = dataset.model.calls.length;

    await dataset.environment.run(startOf(dataset, { force_reprocess: true }));
    await dataset.environment.run(startOf(dataset));

    expect(dataset.model.calls).toHaveLength(2 * calls);
  });

  it('repeats no call when it resumes a forced run', async () => {
    let isBroken = false;
    const dataset = await makeDataset(linesOf(10), {
      script: ({ caption, step }) =>
        isBroken && step === 'step_1' && caption.includes('car2 ') ? { status: 400, error: 'image cannot be decoded' } : undefined,
    });
    const { environment, model } = dataset;
    const callsOf = async (start: Record<string, unknown>, name: string) => {
      const before = model.calls.length;
      const { failed, prefix } = await environment.run(start, name);
      return {
        failed: failed?.error,
        calls: model.calls.length - before,
        input: `s3://${environment.cloud.variables.BUCKET}/${prefix}/failed.jsonl`,
      };
    };
    const all = await callsOf(startOf(dataset), 'plain');
    isBroken = true;
    const forced = await callsOf(startOf(dataset, { force_reprocess: true }), 'forced');
    const again = await callsOf(startOf(dataset, { force_reprocess: true, forced_since: 'forced' }), 'again');
    const lines = await callsOf({ input: again.input }, 'lines');
    isBroken = false;
    const linesAgain = await callsOf({ input: again.input, forced_since: 'lines' }, 'lines-again');
    const afresh = await callsOf({ input: again.input, force_reprocess: true }, 'afresh');
    const everything = await callsOf(startOf(dataset, { force_reprocess: true }), 'everything');

    expect([forced.failed, again.failed, lines.failed]).toEqual(Array(3).fill('TooManyFailures'));
    expect([again.calls, lines.calls]).toEqual([1, 1]);
    expect([linesAgain.calls, afresh.calls]).toEqual([1, 2]);
    expect(everything.calls).toBe(all.calls);
  });

  it('reads gzip input, CRLF, a byte order mark and any script', async () => {
    const captions = [
      'a rotes auto neben a hohen baum',
      'здесь a красный автомобиль стоит',
      '🚗 a 小 車 und a 木 です',
      'a e\u0301toile rouge',
    ];
    const dataset = await makeDataset(captions.map((caption, i) => JSON.stringify({ image_path: `img/${i}.png`, caption })));
    const text = `\ufeff${captions.map((caption, i) => `${JSON.stringify({ image_path: `img/${i}.png`, caption })}\r\n`).join('\r\n')}`;
    await dataset.put('inputs/d/captions.jsonl.gz', gzipSync(text));

    const plain = await dataset.environment.run(startOf(dataset));
    const calls = dataset.model.calls.length;
    const packed = await dataset.environment.run({ input: `${dataset.uri}.gz` });

    expect(dataset.model.calls).toHaveLength(calls);
    expect(await filesOf(dataset, packed.prefix)).toEqual(await filesOf(dataset, plain.prefix));
  });
});
