import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { s3Available } from '#test/storage/s3-server.ts';
import { type Dataset, linesOf, serveDatasets, specOf, startOf, uploadOf } from './dataset.ts';

const { makeDataset } = serveDatasets();

/** The outcomes of all calls of prepare. */
const outcomesOf = ({ environment }: Dataset) =>
  environment.logged.filter(({ message }) => message === 'prepare').map(({ facts }) => (facts as { status: string }).status);

describe.skipIf(!s3Available)('preparing a run on AWS', { timeout: 60_000 }, () => {
  it.each([
    [
      'a key in the spec',
      'vlm: {openai: {api_key: sk-secret-1}}',
      /holds a secret \(image_grounding\.vlm\.openai\.api_key\).*Secrets Manager, secret keys/,
    ],
    ['the backend of one machine', 'vlm: {backend: builtin}', /builtin runs on one machine only/],
    ['a setting that is none', 'workflow: {max_worker: 3}', /max_worker is not a setting; did you mean/],
  ])('refuses %s before any call, without showing a secret', async (_, section, message) => {
    const dataset = await makeDataset(linesOf(2));
    await dataset.put('inputs/d/spec.yaml', `autolabel_type: image_grounding\nimage_grounding:\n  ${section}\n`);

    const { failed, prefix } = await dataset.environment.run(startOf(dataset));

    expect(failed?.error).toBe('CannotRun');
    expect(failed?.cause).toMatch(message);
    expect(failed?.cause).not.toContain('sk-secret');
    expect(JSON.parse(await dataset.environment.text(`${prefix}/run.json`))).toMatchObject({ status: 'stopped' });
    expect(dataset.model.calls).toHaveLength(0);
  });

  it('ends before any call when images are missing', async () => {
    const dataset = await makeDataset([...linesOf(3), JSON.stringify({ image_path: 'img/none.png', caption: 'a lost dog' })]);

    const { failed } = await dataset.environment.run(startOf(dataset));

    expect(failed?.cause).toMatch(/^1 of 4 images not found, the first: image 'img\/none\.png' not found/);
    expect(dataset.model.calls).toHaveLength(0);
  });

  it('ends as superseded after another upload of captions or spec', async () => {
    const dataset = await makeDataset(linesOf(2));

    const { prepared } = await dataset.environment.run(startOf(dataset, { uploaded: { captions: 'an-older-version', spec: null } }));

    expect(prepared).toMatchObject({ status: 'ended', reason: expect.stringContaining('superseded') });
    expect(dataset.model.calls).toHaveLength(0);
  });

  const uploadedStart = async (dataset: Dataset) => startOf(dataset, { uploaded: await uploadOf(dataset) });

  it('ends as superseded when a spec arrives while lines are checked', async () => {
    const dataset = await makeDataset(linesOf(2));
    const start = await uploadedStart(dataset);
    const { s3 } = dataset.environment.cloud;
    const send = s3.send.bind(s3) as (...args: unknown[]) => Promise<unknown>;
    let isPut = false;
    s3.send = (async (command: { input?: { Key?: string } }, ...rest: unknown[]) => {
      if (command.constructor.name === 'GetObjectCommand' && command.input?.Key === 'inputs/d/captions.jsonl' && !isPut) {
        isPut = true;
        await dataset.put('inputs/d/spec.yaml', specOf(dataset.model));
      }
      return send(command, ...rest);
    }) as typeof s3.send;

    const { prepared } = await dataset.environment.run(start);

    expect(prepared).toMatchObject({ status: 'ended', reason: expect.stringContaining('superseded') });
    expect(dataset.model.calls).toHaveLength(0);
  });

  it('waits for every image of an upload and then checks twice', async () => {
    const dataset = await makeDataset([...linesOf(3), JSON.stringify({ image_path: 'img/late.png', caption: 'a late dog' })], {
      variables: { SETTLE_MINUTES: 15 },
    });
    const start = { ...(await uploadedStart(dataset)), spec: { workflow: { max_failure_rate: 0.5 } } };

    const run = dataset.environment.run(start);
    while (outcomesOf(dataset).length === 0) await sleep(5);
    await dataset.put('inputs/d/img/late.png', readFileSync(join(dataset.folder, 'img/0.png')));

    expect((await run).failed).toBeUndefined();
    expect(outcomesOf(dataset)).toEqual(['incomplete', 'incomplete', 'ok']);
  });

  it('waits for missing images only, and a limited time if failures are allowed', async () => {
    const complete = await makeDataset(linesOf(2), { variables: { SETTLE_MINUTES: 15 } });
    const lines = [...linesOf(3), JSON.stringify({ image_path: 'img/none.png', caption: 'a lost dog' })];
    const lacking = await makeDataset(lines, { variables: { SETTLE_MINUTES: 2 } });

    await complete.environment.run(await uploadedStart(complete));
    await lacking.environment.run({ ...(await uploadedStart(lacking)), spec: { workflow: { max_failure_rate: 0.5 } } });

    expect(outcomesOf(complete)).toEqual(['ok']);
    expect(outcomesOf(lacking)).toEqual(['incomplete', 'incomplete', 'ok']);
  });

  it('asks for approval of an upload above the spending limit', async () => {
    const dataset = await makeDataset(linesOf(3), { variables: { MAX_UNATTENDED_USD: 0.000001 } });
    const uploaded = await uploadOf(dataset);
    const priced = { vlm: { openai: { model_name: 'gpt-5.6-luna' } } };

    const { prepared } = await dataset.environment.run(startOf(dataset, { uploaded, spec: priced }));

    expect(prepared).toMatchObject({ status: 'ended', reason: expect.stringMatching(/needs approval.*\{"input":"s3:/) });
    expect((prepared as { reason: string }).reason).not.toContain('uploaded');
    const approved = await dataset.environment.run(startOf(dataset, { spec: priced }));
    expect(approved.failed).toBeUndefined();
  });

  it.each([
    ['a vendor’s model', { vlm: { openai: { base_url: '', model_name: 'gpt-of-tomorrow' } } }, /an unknown amount/],
    ['a service’s model', { vlm: { openai: { base_url: 'https://api.groq.com/openai/v1' } } }, /an unknown amount/],
    ['an expensive model next to an own one', { vlm: { extraction: { openai: { model_name: 'gpt-6-astra' } } } }, /at least \$0\.\d\d/],
  ])('asks for approval where the price of %s is unknown', async (_, spec, cost) => {
    const dataset = await makeDataset(linesOf(3), { variables: { MAX_UNATTENDED_USD: 0.001 } });

    const { prepared } = await dataset.environment.run(startOf(dataset, { uploaded: await uploadOf(dataset), spec }));

    expect(prepared).toMatchObject({ status: 'ended', reason: expect.stringMatching(/needs approval/) });
    expect(prepared).toMatchObject({ reason: expect.stringMatching(cost) });
    expect(dataset.model.calls).toHaveLength(0);
  });

  it('needs no approval for an own server without a price', async () => {
    const dataset = await makeDataset(linesOf(3), { variables: { MAX_UNATTENDED_USD: 0 } });

    const { prepared } = await dataset.environment.run(startOf(dataset, { uploaded: await uploadOf(dataset) }));

    expect(prepared).toMatchObject({ status: 'ok' });
  });

  it('only estimates the cost of a dry run', async () => {
    const dataset = await makeDataset(linesOf(3));

    const { prepared } = await dataset.environment.run(startOf(dataset, { dry_run: true }));

    expect(prepared).toMatchObject({ status: 'ended', reason: expect.stringMatching(/^3 samples would cost/) });
    expect(dataset.model.calls).toHaveLength(0);
  });

  it('waits for a run of the same captions and makes only the missing calls', async () => {
    const dataset = await makeDataset(linesOf(20), { latencyMs: 20 });

    const [first, second] = await Promise.all([dataset.environment.run(startOf(dataset)), dataset.environment.run(startOf(dataset))]);

    expect([first.failed, second.failed]).toEqual([undefined, undefined]);
    expect(dataset.model.calls).toHaveLength(20 + 17);
  });

  it('takes over from an aborted run after its calls in flight have ended', async () => {
    const dataset = await makeDataset(linesOf(60), { latencyMs: 300 });
    const first = dataset.environment.run(startOf(dataset, { max_workers: 2 }), 'ended-outside');
    while (dataset.model.calls.length < 6) await sleep(50);

    dataset.environment.abort('ended-outside');
    const second = await dataset.environment.run(startOf(dataset));

    expect((await first).failed?.cause).toContain('was aborted');
    expect(second.failed).toBeUndefined();
    expect(dataset.model.calls).toHaveLength(60 + 51);
  });
});
