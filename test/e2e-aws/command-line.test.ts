import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { start } from '#test/cli/command-line.ts';
import type { StandIn } from '#test/models/stand-in.ts';
import { awsAvailable, dev } from './cloud.ts';
import { makeDataset } from './dataset.ts';
import { startModel } from './model.ts';

describe.skipIf(!awsAvailable)('the command line against the deployed pipeline (needs python3 with venv)', () => {
  let model: StandIn;
  beforeAll(async () => {
    model = await startModel();
    await dev.putModelKey('sk-of-the-tests');
  });
  afterAll(() => model.close());

  it('uploads, starts, watches and fetches a run, and repeats it without a call', async () => {
    const set = makeDataset('cli', 10, model);
    const settings = [...model.overrides.filter((override) => !override.includes('api_key')), 'workflow.max_workers=4'];
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await start([...args, '--env', 'dev'], {
        cwd: set.folder,
        env: { ...inject('deployed')?.env },
      }).end;
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
      return stdout;
    };
    const json = async (...args: string[]) => JSON.parse(await run(...args, '--json')) as { run: string };

    const started = await json('start', 'captions.jsonl', '--dataset', 'cli', ...settings);
    const watched = await json('watch', started.run);
    await run('fetch', started.run, '--out', 'fetched');
    const local = await set.runLocally(['workflow.max_workers=4']);

    expect(watched).toMatchObject({ status: 'SUCCEEDED', done: 10, failed: 0, calls: 20 });
    for (const file of [
      'step_0_expression_extraction/annotations.jsonl',
      'step_1_grounding/annotations.jsonl',
      'annotations.jsonl',
      'failed.jsonl',
    ])
      expect(readFileSync(join(set.folder, 'fetched', file), 'utf8')).toBe(readFileSync(join(local, file), 'utf8'));

    const again = await json('start', '--again', started.run);
    expect(await json('watch', again.run)).toMatchObject({ status: 'SUCCEEDED', done: 10, cached: 10, calls: 0 });
    expect(await dev.runsOf('cli')).toHaveLength(2);
  });
});
