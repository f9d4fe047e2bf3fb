import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startListener } from '#test/models/listener.ts';
import type { StandIn } from '#test/models/stand-in.ts';
import { awsAvailable, dev } from './cloud.ts';
import { makeDataset } from './dataset.ts';
import { startModel } from './model.ts';

const stepFiles = ['step_0_expression_extraction/annotations.jsonl', 'step_1_grounding/annotations.jsonl', 'annotations.jsonl'];

describe.skipIf(!awsAvailable)('the first upload to a deployed pipeline (needs python3 with venv)', () => {
  let model: StandIn;
  beforeAll(async () => {
    model = await startModel();
    await dev.putModelKey('sk-of-the-tests');
  });
  afterAll(() => model.close());
  const callsOf = (dataset: string) => model.calls.filter(({ caption }) => caption.includes(dataset));

  it('starts a run whose result files equal those of a local run byte for byte', async () => {
    const set = makeDataset('equal', 40, model);
    await set.upload(['workflow.max_workers=8']);

    const [run] = await dev.ended('equal');
    const calls = callsOf('equal').length;
    const local = await set.runLocally(['workflow.max_workers=8']);

    expect(run).toMatchObject({ status: 'SUCCEEDED' });
    for (const file of stepFiles) expect(await run.file(file)).toBe(readFileSync(join(local, file), 'utf8'));
    expect(await run.file('failed.jsonl')).toBe(readFileSync(join(local, 'failed.jsonl'), 'utf8'));
    expect(calls).toBe(80);
    // The environment names this host, and the secret has a key for it.
    expect(
      new Set(
        callsOf('equal')
          .slice(0, calls)
          .map(({ authorization }) => authorization),
      ),
    ).toEqual(new Set(['Bearer sk-of-the-tests']));
    const rows = await dev.rowsOf('equal-');
    expect(rows.map(({ step }) => step?.S?.split('#')[0]).sort()).toEqual([...Array(40).fill('step_0'), ...Array(40).fill('step_1')]);
    expect(await run.files()).toEqual(expect.arrayContaining(['run.json', 'report.html', ...stepFiles]));
  });

  it('sends no byte to a host that the environment does not name', async () => {
    const foreign = await startListener();
    try {
      const set = makeDataset('foreign', 2, model);
      await set.upload([`vlm.openai.base_url=http://${foreign.host}/v1`]);

      const [run] = await dev.ended('foreign');

      expect(run).toMatchObject({
        status: 'FAILED',
        cause: expect.stringContaining(`is not allowed here: got the host ${foreign.host}`),
      });
      expect(foreign.bytes).toBe(0);
      expect(callsOf('foreign')).toEqual([]);
    } finally {
      await foreign.close();
    }
  });
});
