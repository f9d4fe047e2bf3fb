import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StandIn } from '#test/models/stand-in.ts';
import { awsAvailable, dev } from './cloud.ts';
import { makeDataset } from './dataset.ts';
import { deliverUploadEvent } from './deliver-event.ts';
import { startModel } from './model.ts';

describe.skipIf(!awsAvailable)('an upload to the deployed pipeline (needs python3 with venv)', () => {
  let model: StandIn;
  beforeAll(async () => {
    model = await startModel();
    await dev.putModelKey('sk-of-the-tests');
  });
  afterAll(() => model.close());
  const callsOf = (dataset: string) => model.calls.filter(({ caption }) => caption.includes(dataset));

  it('makes calls only for changed captions when a dataset is uploaded again', async () => {
    const set = makeDataset('again', 12, model);
    await set.upload();
    await dev.ended('again');
    const first = callsOf('again').length;

    await set.uploadImages();
    await set.uploadCaptions();
    const [, second] = await dev.ended('again', 2);
    const afterSecond = callsOf('again').length;
    set.change(3, 'um a blue bus near a tall tree in again, the changed one');
    await set.uploadCaptions();
    const [, , third] = await dev.ended('again', 3);

    expect(first).toBe(24);
    expect(afterSecond).toBe(24);
    expect(second).toMatchObject({ status: 'SUCCEEDED' });
    expect(
      callsOf('again')
        .slice(24)
        .map(({ step, caption }) => [step, caption.includes('the changed one')]),
    ).toEqual([
      ['step_0', true],
      ['step_1', true],
    ]);
    expect(await third?.file('annotations.jsonl')).toContain('the changed one');
  });

  it('starts one run, however often its event is delivered', async () => {
    const set = makeDataset('six', 8, model);
    await set.upload();
    await dev.ended('six');
    const calls = callsOf('six').length;

    const answers = await deliverUploadEvent('inputs/six/captions.jsonl', 6);

    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill('already started'));
    expect(await dev.runsOf('six')).toHaveLength(1);
    expect(callsOf('six')).toHaveLength(calls);
  });

  it('starts one run when images arrive late and the spec arrives last', async () => {
    const set = makeDataset('late', 8, model);
    await set.uploadCaptions();
    await sleep(5000);
    await set.uploadImages();
    const before = callsOf('late').length;
    await set.uploadSpec(['extraction.instructions=spec-of-late']);

    // On a slow machine the captions' run may start after the spec's, or be the same.
    let statuses: string[] = [];
    while (!statuses.includes('finished')) {
      const runs = await dev.ended('late');
      statuses = await Promise.all(
        runs.map(async (run) => (JSON.parse((await run.file('run.json')) ?? '{}') as { status: string }).status),
      );
      await sleep(500);
    }

    expect(before).toBe(0);
    expect(statuses.filter((status) => status !== 'superseded')).toEqual(['finished']);
    expect(callsOf('late')).toHaveLength(16);
    expect(callsOf('late').every(({ step, prompt }) => step === 'step_1' || prompt.includes('spec-of-late'))).toBe(true);
  });

  it('waits for a run of the same dataset and makes only the missing calls', async () => {
    const slow = await startModel({ latencyMs: 700 });
    try {
      const set = makeDataset('during', 16, slow);
      await set.upload(['workflow.max_workers=4']);
      while (slow.calls.length < 4) await sleep(100);
      set.change(0, 'um a blue bus in during, the changed one');
      await set.uploadCaptions();

      const [first, second] = await dev.ended('during', 2);

      expect([first?.status, second?.status]).toEqual(['SUCCEEDED', 'SUCCEEDED']);
      expect(slow.calls.filter(({ caption }) => caption.includes('the changed one'))).toHaveLength(2);
      expect(slow.calls).toHaveLength(34);
      expect(await second?.file('annotations.jsonl')).toContain('the changed one');
      expect(await first?.file('annotations.jsonl')).not.toContain('the changed one');
    } finally {
      await slow.close();
    }
  });
});
