import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StandIn } from '#test/models/stand-in.ts';
import { awsAvailable, dev } from './cloud.ts';
import { makeDataset } from './dataset.ts';
import { startModel } from './model.ts';

describe.skipIf(!awsAvailable)('runs of the deployed pipeline (needs python3 with venv)', () => {
  let model: StandIn;
  beforeAll(async () => {
    model = await startModel();
    await dev.putModelKey('sk-of-the-tests');
  });
  afterAll(() => model.close());
  const callsOf = (dataset: string) => model.calls.filter(({ caption }) => caption.includes(dataset));
  const count = (text: string | undefined) => (text ?? '').split('\n').length - 1;

  it('use the limit, steps and workers given in the console', async () => {
    const set = makeDataset('console', 30, model);
    await set.uploadImages();
    await set.uploadSpec();
    // Not the name that starts a run by itself.
    await dev.put('inputs/console/part-1.jsonl', set.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const input = set.uri.replace('captions.jsonl', 'part-1.jsonl');

    const onlyExtraction = await dev.startRun('console', { input, limit: 10, steps: ['0'], max_workers: 3 });
    const both = await dev.startRun('console', { input, limit: 12, spec: { grounding: { max_instances: 2 } } });

    expect(onlyExtraction).toMatchObject({ status: 'SUCCEEDED' });
    expect(count(await onlyExtraction.file('annotations.jsonl'))).toBe(10);
    expect(await onlyExtraction.files()).not.toContain('step_1_grounding/annotations.jsonl');
    expect(both).toMatchObject({ status: 'SUCCEEDED' });
    expect(count(await both.file('annotations.jsonl'))).toBe(12);
    // The first run made the calls of ten captions.
    expect(
      callsOf('console')
        .map(({ step }) => step)
        .filter((step) => step === 'step_0'),
    ).toHaveLength(12);
    expect(callsOf('console').filter(({ step }) => step === 'step_1')).toHaveLength(12);
    expect(JSON.parse((await both.file('run.json')) ?? '{}')).toMatchObject({ counts: { pending: 18 }, first_pending_line: 13 });
  });

  it('process 3,000 samples in batches, each of them once', async () => {
    const set = makeDataset('many', 3000, model);
    await set.upload(['workflow.max_workers=64']);

    const [run] = await dev.ended('many');

    expect(run).toMatchObject({ status: 'SUCCEEDED' });
    expect(count(await run.file('annotations.jsonl'))).toBe(3000);
    expect(callsOf('many')).toHaveLength(6000);
    const parts = (await run.files()).filter((name) => name.startsWith('work/parts/step_1/'));
    // 64 workers are two functions of 32 calls; batches have 200 samples at most.
    expect(parts).toHaveLength(15);
    expect(model.maxInFlight).toBeLessThanOrEqual(64);
  });
});
