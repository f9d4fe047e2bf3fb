import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { costUsd } from '#models/cost/prices.ts';
import type { StandIn, StandInOptions } from '#test/models/stand-in.ts';
import { awsAvailable, dev } from './cloud.ts';
import { makeDataset } from './dataset.ts';
import { startModel } from './model.ts';
import { killCaller } from './process-sockets.ts';

interface FailedLine {
  readonly image_path: string;
  readonly _groundline: {
    readonly line: number;
    readonly code: string;
    readonly message: string;
    readonly image_base: string;
    readonly attempts: number;
  };
}

const linesOf = <T>(text: string | undefined): T[] =>
  (text ?? '')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);

/** Failed lines without the fields in which a local run and a run on AWS may differ: image base and attempts. */
const comparable = (text: string | undefined) =>
  linesOf<FailedLine>(text).map(({ _groundline: { image_base: _, attempts: __, ...envelope }, ...line }) => ({ ...line, envelope }));

describe.skipIf(!awsAvailable)('a run with failures on AWS (needs python3 with venv)', () => {
  let model: StandIn | undefined;
  beforeAll(() => dev.putModelKey('sk-of-the-tests'));
  afterEach(() => model?.close());
  const open = async (options: StandInOptions) => {
    model = await startModel(options);
    return model;
  };

  it('loses no line to a killed function and repeats only its calls in flight', async () => {
    let killed = 0;
    const server = await open({
      latencyMs: 50,
      script: ({ port }, calls) => {
        if (calls.length < 12 || killed > 0 || port === undefined) return undefined;
        killed += 1;
        killCaller(port);
        return 'drop';
      },
    });
    const set = makeDataset('dies', 30, server);
    await set.upload(['workflow.max_workers=6']);

    const [run] = await dev.ended('dies');

    expect(killed).toBe(1);
    expect(run).toMatchObject({ status: 'SUCCEEDED' });
    expect(linesOf(await run.file('annotations.jsonl'))).toHaveLength(30);
    expect(server.calls.length).toBeLessThanOrEqual(60 + 6);
  });

  it('fails only the sample that always kills its function', async () => {
    const server = await open({
      script: ({ caption, port }) => {
        if (!caption.includes('number 5 kills') || port === undefined) return undefined;
        killCaller(port);
        return 'drop';
      },
    });
    const set = makeDataset('kills', 12, server, (i) => `um a red car near a tall tree in kills, number ${i}${i === 5 ? ' kills' : ''}`);
    await set.upload(['workflow.max_workers=4', 'workflow.max_failure_rate=0.2']);

    const [run] = await dev.ended('kills');

    expect(run).toMatchObject({ status: 'SUCCEEDED' });
    expect(linesOf(await run.file('annotations.jsonl'))).toHaveLength(11);
    expect(linesOf<FailedLine>(await run.file('failed.jsonl')).map(({ _groundline: { line, code } }) => [line, code])).toEqual([
      [6, 'worker_died'],
    ]);
  });

  it('completes good samples, and failed.jsonl can be run in place and uploaded', async () => {
    let isFixed = false;
    const server = await open({
      script: ({ caption }) => (!isFixed && /number \d*7,/.test(caption) ? { status: 400, error: 'cannot process this image' } : undefined),
    });
    const set = makeDataset('faulty', 60, server, (i) => `um a red car in faulty, number ${i}, near a tall tree`);
    await set.upload(['workflow.max_workers=8']);

    const [run] = await dev.ended('faulty');
    const local = await set.runLocally(['workflow.max_workers=8']);

    const failed = linesOf<FailedLine>(await run.file('failed.jsonl'));
    expect(run).toMatchObject({
      status: 'FAILED',
      error: 'TooManyFailures',
      cause: expect.stringMatching(/6 of 60 samples failed.*failed\.jsonl/),
    });
    expect(failed.map(({ _groundline }) => _groundline.line)).toEqual([8, 18, 28, 38, 48, 58]);
    expect(comparable(await run.file('failed.jsonl'))).toEqual(comparable(readFileSync(join(local, 'failed.jsonl'), 'utf8')));
    expect(await run.file('annotations.jsonl')).toBe(readFileSync(join(local, 'annotations.jsonl'), 'utf8'));

    isFixed = true;
    const before = server.calls.length;
    const inPlace = await dev.startRun('faulty', { input: `s3://${dev.bucket}/runs/faulty/${run.id}/failed.jsonl` });
    expect(inPlace).toMatchObject({ status: 'SUCCEEDED' });
    expect(linesOf(await inPlace.file('annotations.jsonl'))).toHaveLength(6);
    expect(server.calls.length - before).toBe(12);

    await dev.put('inputs/faulty-again/spec.yaml', (await dev.get('inputs/faulty/spec.yaml')) ?? '');
    await dev.put('inputs/faulty-again/captions.jsonl', (await run.file('failed.jsonl')) ?? '');
    const [uploaded] = await dev.ended('faulty-again');
    expect(uploaded).toMatchObject({ status: 'SUCCEEDED' });
    expect(await uploaded.file('annotations.jsonl')).toBe(await inPlace.file('annotations.jsonl'));
    expect(server.calls.length - before).toBe(12);
  });

  it('makes one call for equal lines that fail', async () => {
    const server = await open({
      script: ({ caption }) => (/number 2$/.test(caption) ? { status: 400, error: 'cannot process this image' } : undefined),
    });
    const set = makeDataset('twins', 4, server);
    set.repeat(2);
    set.repeat(2);
    await set.upload(['workflow.max_failure_rate=1']);

    const [run] = await dev.ended('twins');

    expect(linesOf<FailedLine>(await run.file('failed.jsonl')).map(({ _groundline }) => _groundline.line)).toEqual([3, 5, 6]);
    expect(server.calls.filter(({ caption }) => caption.endsWith('number 2'))).toHaveLength(1);
  });

  it('stops within five seconds of a refused key, with the fix in the cause', async () => {
    const times: number[] = [];
    let refusedAt = 0;
    const server = await open({
      latencyMs: 100,
      script: (_, calls) => {
        times.push(performance.now());
        if (calls.length < 20) return undefined;
        refusedAt ||= performance.now();
        return { status: 401, error: 'Incorrect API key provided' };
      },
    });
    const set = makeDataset('wrongkey', 200, server);
    await set.upload(['workflow.max_workers=64']);

    const [run] = await dev.ended('wrongkey');

    expect(run).toMatchObject({ status: 'FAILED', cause: expect.stringMatching(/key/i) });
    expect(run.cause).toMatch(/OPENAI_API_KEY|Secrets Manager/);
    expect(Math.max(...times) - refusedAt).toBeLessThan(5000);
    expect(JSON.parse((await run.file('run.json')) ?? '{}')).toMatchObject({ status: 'stopped', stop: { reason: 'unauthorized' } });
    expect(await run.file('failed.jsonl')).toBe('');
  });

  it('stops at its budget, exceeded by the calls in flight at most', async () => {
    const server = await open({ latencyMs: 30, models: ['gpt-4.1-mini'] });
    const set = makeDataset('budget', 60, server);
    const perCall = costUsd({ model: 'gpt-4.1-mini' }, { calls: 1, input: 600, cachedInput: 0, output: 60, thinking: 0 }, Date.now()) ?? 0;
    await set.upload(['workflow.max_workers=4', `workflow.budget_usd=${(20.5 * perCall).toFixed(7)}`, 'vlm.coordinates=qwen3-vl']);

    const [run] = await dev.ended('budget');

    expect(run).toMatchObject({ status: 'FAILED', cause: expect.stringMatching(/budget/) });
    expect(server.billed.length).toBeGreaterThanOrEqual(19);
    expect(server.billed.length).toBeLessThanOrEqual(20 + 4);
    expect(JSON.parse((await run.file('run.json')) ?? '{}')).toMatchObject({ stop: { reason: 'budget_reached' } });
  });
});
