import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { ManifestLine } from '#aws/run-state/manifest.ts';
import { writeSamples } from '#test/cli/command-line.ts';
import { pythonMissing } from '#test/e2e-aws/emulator/install-emulator.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { modelKey, serveFunctionEnvironment } from './function-environment.ts';

const Bucket = 'handlers';
const context = { getRemainingTimeInMillis: () => 900_000 };

interface Prepared {
  readonly status: string;
  readonly run: object;
  readonly steps: string[];
  readonly manifestKey: string;
  readonly reason?: string;
}

describe.skipIf(pythonMissing())('the handlers of the functions', { timeout: 120_000 }, () => {
  const environment = serveFunctionEnvironment(Bucket);
  const { put, text } = environment;
  beforeAll(async () => {
    const quiet = { POWERTOOLS_LOG_LEVEL: 'SILENT', POWERTOOLS_METRICS_DISABLED: 'true' };
    for (const [name, value] of Object.entries({ ...environment.variables(), ...quiet })) vi.stubEnv(name, value);
  });

  /** The handlers, as Lambda loads them: with the environment of the function. */
  async function loadHandlers() {
    const [start, prepare, extract, ground, collect] = await Promise.all([
      import('../../lambdas/start-run.ts'),
      import('../../lambdas/prepare-run.ts'),
      import('../../lambdas/extract-expressions.ts'),
      import('../../lambdas/ground-expressions.ts'),
      import('../../lambdas/collect-results.ts'),
    ]);
    return { start: start.handler, prepare: prepare.handler, extract: extract.handler, ground: ground.handler, collect: collect.handler };
  }

  async function upload(dataset: string, samples: number): Promise<void> {
    const folder = tempFolder();
    writeSamples(folder, samples);
    for (let i = 0; i < samples; i++) await put(`inputs/${dataset}/img/${i}.png`, readFileSync(join(folder, 'img', `${i}.png`)));
    await put(`inputs/${dataset}/spec.yaml`, environment.specText());
    await put(`inputs/${dataset}/captions.jsonl`, readFileSync(join(folder, 'captions.jsonl')));
  }

  const executionOf = (dataset: string, runId: string, executionArn: string) => ({
    executionArn,
    runId,
    startedAt: new Date().toISOString(),
    input: { input: `s3://${Bucket}/inputs/${dataset}/captions.jsonl` },
  });

  it('take two runs from prepare to collect in the same containers', async () => {
    const { prepare, extract, ground, collect } = await loadHandlers();
    const ends: unknown[] = [];
    for (const dataset of ['first', 'second']) {
      await upload(dataset, 2);
      const execution = executionOf(dataset, `${dataset}-1`, `arn:${dataset}`);
      const { run, steps, manifestKey } = (await prepare({ ...execution, waited: 0 }, context)) as Prepared;
      const items = (await text(manifestKey)).split('\n').filter(Boolean);
      for (const item of items) {
        const batch = { batch: { run, steps }, items: [ManifestLine.parse(JSON.parse(item))], attempt: 0 };
        ends.push(await extract(batch, context), await ground(batch, context));
      }
      ends.push(await collect({ ...execution, failure: {} }, context));
    }

    const ofOneRun = [...Array(4).fill({ status: 'ok', completed: 1 }), expect.objectContaining({ status: 'ok', done: 2, failed: 0 })];
    expect(ends).toEqual([...ofOneRun, ...ofOneRun]);
    expect(new Set(environment.model().calls.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${modelKey}`]));
  });

  it('skip a batch that is complete, and read the plan again after a plan that could not be read', async () => {
    const { prepare, extract } = await loadHandlers();
    await upload('third', 1);
    const { run, steps, manifestKey } = (await prepare(
      { ...executionOf('third', 'third-1', 'arn:third'), waited: 0 },
      context,
    )) as Prepared;
    const items = [ManifestLine.parse(JSON.parse(await text(manifestKey)))];
    const event = { batch: { run, steps }, items, attempt: 0 };

    await expect(extract({ ...event, batch: { run: { plan: 'runs/none/work/plan.json' }, steps } }, context)).rejects.toThrow();

    expect(await extract(event, context)).toEqual({ status: 'ok', completed: 1 });
    expect(await extract(event, context)).toEqual({ status: 'ok', completed: 0 });
  });

  it('wait for a running execution of the dataset, and shortly for one that does not exist', async () => {
    const { prepare } = await loadHandlers();
    await upload('shared', 1);
    const running = await environment.startExecution('holder');
    await prepare({ ...executionOf('shared', 'holder', running), waited: 0 }, context);
    await upload('left', 1);
    await prepare({ ...executionOf('left', 'gone', running.replace(/holder$/, 'gone')), waited: 0 }, context);

    const waiting = (await prepare({ ...executionOf('shared', 'next', 'arn:next'), waited: 0 }, context)) as Prepared;
    const takingOver = (await prepare({ ...executionOf('left', 'next', 'arn:next'), waited: 0 }, context)) as Prepared;

    expect(waiting).toMatchObject({ status: 'incomplete', reason: expect.stringContaining('until run holder of the same dataset ends') });
    expect(takingOver).toMatchObject({ status: 'incomplete', reason: expect.stringContaining('its execution was aborted') });
  });

  it('start the run of an upload', async () => {
    const { start } = await loadHandlers();
    await upload('fourth', 1);
    const event = { detail: { bucket: { name: Bucket }, object: { key: 'inputs/fourth/captions.jsonl', sequencer: '1' } } };

    expect(await start(event)).toMatchObject({ run: expect.stringMatching(/^fourth-[0-9a-f]{16}$/) });
  });
});
