import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { collectResults } from '#aws/collect/collect-results.ts';
import { createImageRecogniser } from '#aws/collect/recognised-images.ts';
import { readPlan } from '#aws/run-state/stored-plan.ts';
import { versionNow } from '#aws/start/start-run.ts';
import { vendorHosts } from '#core/hosts/model-hosts.ts';
import { serveDynamo } from '#test/aws/dynamo-server.ts';
import { writeInput } from '#test/cli/command-line.ts';
import { runIn } from '#test/cli/in-process.ts';
import { type StandIn, type StandInOptions, startStandIn } from '#test/models/stand-in.ts';
import { s3Available, serveS3 } from '#test/storage/s3-server.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { type EnvironmentParts, makeVersioned, openEnvironment } from './environment.ts';

const server = serveS3();
const dynamo = serveDynamo();

interface Dataset {
  readonly folder: string;
  readonly uri: string;
  readonly model: StandIn;
  readonly environment: ReturnType<typeof openEnvironment>;
  put(key: string, body: string | Uint8Array): Promise<void>;
  /** The same input on this machine; the text of a result file. */
  local(overrides?: readonly string[]): Promise<(name: string) => string>;
}

const captionOf = (i: number) => (i % 7 === 3 ? 'nothing to name here' : `a red car${i} near a tall tree${i}`);

async function makeDataset(
  lines: readonly string[],
  options: StandInOptions & Omit<Partial<EnvironmentParts>, 's3'> = {},
): Promise<Dataset> {
  const model = await startStandIn(options);
  onTestFinished(() => model.close());
  const s3 = server.connect();
  const bucket = await server.emptyBucket();
  await makeVersioned(s3, bucket);
  const folder = tempFolder();
  const put = async (Key: string, Body: string | Uint8Array) => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
  };
  const images = lines.map((_, i) => `img/${i}.png`);
  writeInput(folder, lines, images);
  for (const image of images) await put(`inputs/d/${image}`, readFileSync(join(folder, image)));
  const text = readFileSync(join(folder, 'captions.jsonl'));
  await put('inputs/d/captions.jsonl', text);
  await put('inputs/d/spec.yaml', specOf(model));
  const environment = openEnvironment({
    s3,
    dynamo: dynamo.connect(),
    bucket,
    table: await dynamo.emptyTable(),
    ...options,
    variables: { MODEL_HOSTS: [...vendorHosts, new URL(model.url).host], ...options.variables },
  });
  return {
    folder,
    uri: `s3://${bucket}/inputs/d/captions.jsonl`,
    model,
    environment,
    put,
    async local(overrides = []) {
      const own = await startStandIn(options);
      onTestFinished(() => own.close());
      const { results } = await runIn(folder, [...own.overrides, ...overrides]);
      return (name) => readFileSync(join(results, name), 'utf8').replaceAll(own.url, model.url);
    },
  };
}

function specOf({ url }: StandIn, more = ''): string {
  return `autolabel_type: image_grounding
image_grounding:
  workflow: {max_workers: 6}
  vlm:
    backend: openai
    localisation_check: "off"
    openai: {base_url: "${url}", model_name: Qwen/Qwen3-VL-8B-Instruct}
${more}`;
}

const linesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => JSON.stringify({ image_path: `img/${i}.png`, caption: captionOf(i), n: i }));

const startOf = ({ uri }: Dataset, more: object = {}) => ({ input: uri, ...more });
/** Of the line that is not: the result files of a run, by their names. */
async function filesOf({ environment }: Dataset, prefix: string) {
  const names = ['annotations.jsonl', 'step_0_expression_extraction/annotations.jsonl', 'step_1_grounding/annotations.jsonl'];
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await environment.text(`${prefix}/${name}`)] as const)));
}

/** What start-run tells of an upload: the versions that are there. */
async function uploadOf({ environment }: Dataset): Promise<{ captions: string; spec: string }> {
  const { s3, variables } = environment.cloud;
  const version = async (name: string) => (await versionNow(s3, variables.BUCKET, `inputs/d/${name}`)) ?? '';
  return { captions: await version('captions.jsonl'), spec: await version('spec.yaml') };
}

const problemsOf = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const { _groundline: problem, ...fields } = JSON.parse(line) as { _groundline: { code: string; line: number } };
      return { ...fields, code: problem.code, line: problem.line };
    });

describe.skipIf(!s3Available)('a run on AWS, function by function', { timeout: 120_000 }, () => {
  it('writes the same bytes as a run on one machine, and calls the model as often', async () => {
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

  it('tells failed lines whose images it recognised from those whose it did not', async () => {
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

  it('pays nothing for what it has paid for already', async () => {
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

  it('fails one line for one bad sample: a deep line, an unexpected error, a damaged checkpoint', async () => {
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

  it('stops the run where ten samples in a row fail at the same place', async () => {
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

  it('asks everything again when told to, and nothing twice', async () => {
    const dataset = await makeDataset(linesOf(6));
    await dataset.environment.run(startOf(dataset));
    const calls = dataset.model.calls.length;

    await dataset.environment.run(startOf(dataset, { force_reprocess: true }));
    await dataset.environment.run(startOf(dataset));

    expect(dataset.model.calls).toHaveLength(2 * calls);
  });

  it('asks nothing twice when it goes on with a run that was told to ask everything again', async () => {
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

  it('reads packed input, CRLF, a byte order mark and any script', async () => {
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

  it('stops everybody at the first refused key, and says what to do', async () => {
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

  it('goes on with a key that was changed while it ran', async () => {
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

  it('loses nothing of a batch whose function dies, but the sample that kills it', async () => {
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

  it('puts its work down and takes it up as often as its functions have too little time', async () => {
    const dataset = await makeDataset(linesOf(30), { latencyMs: 200, functionMs: 15_000 });

    const { failed, prefix, batches } = await dataset.environment.run(startOf(dataset, { max_workers: 2 }));

    expect(failed).toBeUndefined();
    expect(batches.length).toBeGreaterThan(0);
    const local = await dataset.local();
    for (const [name, text] of Object.entries(await filesOf(dataset, prefix))) expect(text).toBe(local(name));
    // Each call that is put down costs at most what it had in flight.
    const putDown = batches.filter(({ outcome }) => outcome !== 'lost' && outcome.status === 'incomplete').length;
    expect(putDown).toBeGreaterThan(0);
    expect(dataset.model.calls.length).toBeLessThanOrEqual(30 + 26 + 2 * putDown);
  });

  it('leaves the report to another call where the first has too little time left for it', async () => {
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

  it('waits out a long pause outside of its functions, and loses nothing to it', async () => {
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

  it('runs the failed lines of a run again where they lie, with the spec and images of that run', async () => {
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

  it('takes the steps, lines and workers that its start names', async () => {
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

  it('overspends a budget by no more than the calls in flight', async () => {
    const dataset = await makeDataset(linesOf(40), { latencyMs: 30 });
    const perCall = (600 * 0.2 + 60 * 1.2) / 1_000_000;
    const spec = { vlm: { openai: { model_name: 'gpt-5.6-luna' } } };

    const { failed } = await dataset.environment.run(startOf(dataset, { spec, budget_usd: 10 * perCall }));

    expect(dataset.model.calls.length).toBeGreaterThanOrEqual(10);
    expect(dataset.model.calls.length).toBeLessThanOrEqual(10 + 6);
    expect(failed?.cause).toContain('budget');
  });
});

describe.skipIf(!s3Available)('preparing a run on AWS', { timeout: 60_000 }, () => {
  it.each([
    [
      'a key in the spec',
      'vlm: {openai: {api_key: sk-secret-1}}',
      /holds a secret \(image_grounding\.vlm\.openai\.api_key\).*Secrets Manager, secret keys/,
    ],
    ['the backend of one machine', 'vlm: {backend: builtin}', /builtin runs on one machine only/],
    ['a setting that is none', 'workflow: {max_worker: 3}', /max_worker is not a setting; did you mean/],
  ])('refuses %s before anything is paid, in words that hold no secret', async (_, section, message) => {
    const dataset = await makeDataset(linesOf(2));
    await dataset.put('inputs/d/spec.yaml', `autolabel_type: image_grounding\nimage_grounding:\n  ${section}\n`);

    const { failed, prefix } = await dataset.environment.run(startOf(dataset));

    expect(failed?.error).toBe('CannotRun');
    expect(failed?.cause).toMatch(message);
    expect(failed?.cause).not.toContain('sk-secret');
    expect(JSON.parse(await dataset.environment.text(`${prefix}/run.json`))).toMatchObject({ status: 'stopped' });
    expect(dataset.model.calls).toHaveLength(0);
  });

  it('ends when images are missing, before anything is paid', async () => {
    const dataset = await makeDataset([...linesOf(3), JSON.stringify({ image_path: 'img/none.png', caption: 'a lost dog' })]);

    const { failed } = await dataset.environment.run(startOf(dataset));

    expect(failed?.cause).toMatch(/^1 of 4 images not found, the first: image 'img\/none\.png' not found/);
    expect(dataset.model.calls).toHaveLength(0);
  });

  it('ends as superseded when captions or spec were uploaded again', async () => {
    const dataset = await makeDataset(linesOf(2));

    const { prepared } = await dataset.environment.run(startOf(dataset, { uploaded: { captions: 'an-older-version', spec: null } }));

    expect(prepared).toMatchObject({ status: 'ended', reason: expect.stringContaining('superseded') });
    expect(dataset.model.calls).toHaveLength(0);
  });

  const uploadedStart = async (dataset: Dataset) => startOf(dataset, { uploaded: await uploadOf(dataset) });
  const outcomesOf = ({ environment }: Dataset) =>
    environment.logged.filter(({ message }) => message === 'prepare').map(({ facts }) => (facts as { status: string }).status);

  it('ends as superseded when a spec comes while lines are checked', async () => {
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

  it('waits for every image of an upload, tolerated or not, and then looks twice', async () => {
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

  it('goes on at once where every image of an upload is there, and after a while where those that are missing are tolerated', async () => {
    const whole = await makeDataset(linesOf(2), { variables: { SETTLE_MINUTES: 15 } });
    const lines = [...linesOf(3), JSON.stringify({ image_path: 'img/none.png', caption: 'a lost dog' })];
    const lacking = await makeDataset(lines, { variables: { SETTLE_MINUTES: 2 } });

    await whole.environment.run(await uploadedStart(whole));
    await lacking.environment.run({ ...(await uploadedStart(lacking)), spec: { workflow: { max_failure_rate: 0.5 } } });

    expect(outcomesOf(whole)).toEqual(['ok']);
    expect(outcomesOf(lacking)).toEqual(['incomplete', 'incomplete', 'ok']);
  });

  it('asks for approval of an upload that would cost more than the environment spends unasked', async () => {
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
    ['a dear model beside one of one’s own', { vlm: { extraction: { openai: { model_name: 'gpt-6-astra' } } } }, /at least \$0\.\d\d/],
  ])('asks for approval where no price is known for %s', async (_, spec, cost) => {
    const dataset = await makeDataset(linesOf(3), { variables: { MAX_UNATTENDED_USD: 0.001 } });

    const { prepared } = await dataset.environment.run(startOf(dataset, { uploaded: await uploadOf(dataset), spec }));

    expect(prepared).toMatchObject({ status: 'ended', reason: expect.stringMatching(/needs approval/) });
    expect(prepared).toMatchObject({ reason: expect.stringMatching(cost) });
    expect(dataset.model.calls).toHaveLength(0);
  });

  it('asks nothing where a server of one’s own has no price', async () => {
    const dataset = await makeDataset(linesOf(3), { variables: { MAX_UNATTENDED_USD: 0 } });

    const { prepared } = await dataset.environment.run(startOf(dataset, { uploaded: await uploadOf(dataset) }));

    expect(prepared).toMatchObject({ status: 'ok' });
  });

  it('only says what a dry run would take', async () => {
    const dataset = await makeDataset(linesOf(3));

    const { prepared } = await dataset.environment.run(startOf(dataset, { dry_run: true }));

    expect(prepared).toMatchObject({ status: 'ended', reason: expect.stringMatching(/^3 samples would cost/) });
    expect(dataset.model.calls).toHaveLength(0);
  });

  it('waits for a run of the same captions, then pays only what that one did not', async () => {
    const dataset = await makeDataset(linesOf(20), { latencyMs: 20 });

    const [first, second] = await Promise.all([dataset.environment.run(startOf(dataset)), dataset.environment.run(startOf(dataset))]);

    expect([first.failed, second.failed]).toEqual([undefined, undefined]);
    expect(dataset.model.calls).toHaveLength(20 + 17);
  });

  it('takes over from a run that was ended from outside, once what that one has under way has come home', async () => {
    const dataset = await makeDataset(linesOf(60), { latencyMs: 300 });
    const first = dataset.environment.run(startOf(dataset, { max_workers: 2 }), 'ended-outside');
    while (dataset.model.calls.length < 6) await sleep(50);

    dataset.environment.abort('ended-outside');
    const second = await dataset.environment.run(startOf(dataset));

    expect((await first).failed?.cause).toContain('ended from outside');
    expect(second.failed).toBeUndefined();
    expect(dataset.model.calls).toHaveLength(60 + 51);
  });
});
