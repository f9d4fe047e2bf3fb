import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { s3Available } from '#test/storage/s3-server.ts';
import { type Dataset, linesOf, serveDatasets, specOf, startOf } from './dataset.ts';

const { makeDataset } = serveDatasets();

describe.skipIf(!s3Available)('the input of a run on AWS', { timeout: 60_000 }, () => {
  it.each([
    [
      'captions that do not exist',
      ({ uri }: Dataset) => uri.replace('captions.jsonl', 'none.jsonl'),
      /does not exist; fix: check the start/,
    ],
    ['a bucket that does not exist', () => 's3://no-such-bucket-here/inputs/d/captions.jsonl', /no-such-bucket-here/],
  ])('ends the run before any call for %s', async (_, inputOf, cause) => {
    const dataset = await makeDataset(linesOf(1));

    const { failed } = await dataset.environment.run({ input: inputOf(dataset), spec: { vlm: { backend: 'openai' } } });

    expect(failed).toMatchObject({ error: 'CannotRun', cause: expect.stringMatching(cause) });
  });

  it.each([
    ['no lines', '', /has no lines; fix: upload lines/],
    ['bad lines only', 'not json\n{"image_path":"a.png"}\n', /none of the 2 lines of .* can be used; fix: see the reason for each line/],
  ])('ends the run before any call for %s, and keeps the refused lines', async (_, text, cause) => {
    const dataset = await makeDataset(linesOf(1));
    await dataset.put('inputs/d/captions.jsonl', text);

    const { failed, prefix } = await dataset.environment.run(startOf(dataset));

    expect(failed?.cause).toMatch(cause);
    expect((await dataset.environment.text(`${prefix}/failed.jsonl`)).split('\n').filter(Boolean)).toHaveLength(text === '' ? 0 : 2);
    expect(JSON.parse(await dataset.environment.text(`${prefix}/run.json`))).toMatchObject({
      status: 'stopped',
      stop: { reason: 'CannotRun' },
    });
  });

  it('is refused where the start input is not valid, and run.json has the reason', async () => {
    const dataset = await makeDataset(linesOf(1));

    const { failed, prefix } = await dataset.environment.run({ input: 5 });

    expect(failed).toMatchObject({ error: 'CannotRun' });
    expect(prefix).toMatch(/^runs\/unknown\//);
  });

  it('may name a spec file anywhere in the bucket', async () => {
    const dataset = await makeDataset(linesOf(2));
    const spec = `s3://${dataset.environment.cloud.variables.BUCKET}/specs/first.yaml`;
    await dataset.put('specs/first.yaml', specOf(dataset.model, '  grounding: {instructions: From the named file.}\n'));

    const { failed } = await dataset.environment.run(startOf(dataset, { spec }));
    const missing = await dataset.environment.run(startOf(dataset, { spec: `${spec}.gone` }));

    expect(failed).toBeUndefined();
    expect(dataset.model.calls.some(({ prompt }) => prompt.includes('From the named file.'))).toBe(true);
    expect(missing.failed?.cause).toMatch(/the spec file s3:.*first\.yaml\.gone does not exist; fix: check 'spec'/);
  });

  it('finds images below data.image_root, and otherwise next to the captions', async () => {
    const dataset = await makeDataset(linesOf(4));
    await dataset.put('pictures/img/0.png', readFileSync(join(dataset.folder, 'img/0.png')));

    const { failed, prefix } = await dataset.environment.run(startOf(dataset, { spec: { data: { image_root: '/pictures' } } }));

    expect(failed).toBeUndefined();
    const bucket = dataset.environment.cloud.variables.BUCKET;
    expect(JSON.parse(await dataset.environment.text(`${prefix}/run.json`))).toMatchObject({
      image_base: `s3://${bucket}/pictures`,
      counts: { done: 4 },
    });
  });

  it('may be checked in several calls of prepare', async () => {
    const equal = JSON.stringify({ image_path: 'img/0.png', caption: 'a red car near a tall tree' });
    const dataset = await makeDataset(Array(3000).fill(equal), { images: 1, isPrepareShort: true });

    const { prepared } = await dataset.environment.run(startOf(dataset, { dry_run: true }));

    expect(dataset.environment.logged.filter(({ facts }) => (facts as { status?: string }).status === 'incomplete')).toHaveLength(1);
    expect(prepared).toMatchObject({ status: 'ended', reason: expect.stringMatching(/^3,?000 samples would cost/) });
  });
});

describe.skipIf(!s3Available)('the results of a run on AWS', { timeout: 60_000 }, () => {
  it('have the form and the status file of TAO with output.compat=tao', async () => {
    const dataset = await makeDataset(linesOf(3));

    const { failed, prefix } = await dataset.environment.run(startOf(dataset, { spec: { output: { compat: 'tao' } } }));

    expect(failed).toBeUndefined();
    expect(await dataset.environment.text(`${prefix}/annotations.jsonl`)).toContain('"bbox_score"');
    expect(await dataset.environment.text(`${prefix}/status.json`)).toContain('finished successfully');
  });
});
