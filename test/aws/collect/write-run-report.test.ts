/** The report of a run on AWS, made from result and part files in S3. */
import { describe, expect, it } from 'vitest';
import { writeRunReport } from '#aws/collect/write-run-report.ts';
import { StoredPlan } from '#aws/run-state/stored-plan.ts';
import { openCloud } from '#aws/runtime/cloud.ts';
import { wallClock } from '#aws/runtime/wall-clock.ts';
import { Settings } from '#core/settings.ts';
import { type Failure, failedLine } from '#output/failed-line.ts';
import { createResultCollector } from '#output/result-collector.ts';
import { formatStepLine, type StepFacts } from '#output/step-line.ts';
import { createDynamoClient } from '#storage/dynamodb/dynamodb-client.ts';
import { embeddedData } from '#test/report/report-in-folder.ts';
import { s3Available, serveS3 } from '#test/storage/s3-server.ts';

const server = serveS3();

/** Has the signature of a PNG but cannot be decoded, so that a report links to it instead of embedding it. */
const PICTURE = Buffer.from('89504e470d0a1a0a0000000d49484452000000400000003008000000', 'hex');
const SALARIES = Buffer.from('name,salary\nada,100000\ngrace,120000\n');

const image = { identity: 'etag:1', size: 28, stamp: '1', width: 64, height: 48, orientation: 1 };

const record = (image_path: string, more: object = {}) =>
  JSON.stringify({ image_path, caption: 'a red car', image_id: 'x', width: 64, height: 48, expressions: [], status: 'ok', ...more });

const failure: Failure = { step: 'step_1', code: 'model_refused', message: 'no', attempts: 1 };
const failed = (line: number, fields: Record<string, unknown>, what: Partial<Failure> = {}) =>
  failedLine({ line, fields: { caption: 'a red car', ...fields } }, { ...failure, ...what }, 's3://base');

const part = (n: number, text: string, more: Partial<StepFacts>) =>
  formatStepLine({
    facts: { n, id: 'i', status: 'failed', cached: false, expressions: 0, boxes: 0, groundings: {}, dropped: {}, ...more },
    text,
  });

interface Stored {
  readonly annotations?: readonly string[];
  readonly failed?: readonly string[];
  readonly parts?: Readonly<Record<string, string>>;
  readonly objects?: Readonly<Record<string, Uint8Array>>;
  readonly compat?: 'tao';
}

/** Writes the report of these files. Returns its embedded data and the link of each path. */
async function reportOf({ annotations = [], failed: failures = [], parts = {}, objects = {}, compat }: Stored) {
  const bucket = await server.emptyBucket();
  const texts = {
    'runs/d/r/annotations.jsonl': annotations.map((line) => `${line}\n`).join(''),
    'runs/d/r/failed.jsonl': failures.map((line) => `${line}\n`).join(''),
    ...Object.fromEntries(Object.entries(parts).map(([name, text]) => [`runs/d/r/work/parts/${name}`, text])),
  };
  for (const [key, text] of Object.entries(texts)) await server.put(bucket, key, Buffer.from(text));
  for (const [key, bytes] of Object.entries(objects)) await server.put(bucket, key, bytes);
  const settings = Settings.parse({ ...(compat && { output: { compat } }) });
  const plan = StoredPlan.parse({
    runId: 'r',
    prefix: 'runs/d/r',
    executionArn: 'arn',
    startedAt: 0,
    settings,
    input: { uri: '', sha256: '', lines: 9, kind: 'captions', plain: { bucket, key: 'captions.jsonl' } },
    imageBase: `s3://${bucket}/inputs/d`,
    samples: 9,
    rejected: 0,
    lambdas: 1,
    callsPerLambda: 1,
    batchSize: 10,
    steps: {},
    notices: [],
  });
  const warnings: object[] = [];
  const nothing = () => {};
  const cloud = openCloud({
    variables: {
      ENVIRONMENT: 'test',
      BUCKET: bucket,
      TABLE: 'none',
      MODEL_KEYS_SECRET: 'none',
      MODEL_HOSTS: [],
      OWN_MODEL_HOSTS: [],
      CHECKPOINT_DAYS: 0,
      MAX_LAMBDAS: 1,
      SETTLE_MINUTES: 0,
      MAX_UNATTENDED_USD: 0,
    },
    s3: server.connect(),
    dynamo: createDynamoClient({ region: 'us-east-1' }),
    clock: wallClock,
    log: { debug: nothing, info: nothing, warn: (_, facts) => void warnings.push(facts ?? {}), error: nothing, count: nothing },
  });
  const merged = { collector: createResultCollector(settings).state, files: {} };
  await writeRunReport({ cloud, plan, merged, remainingMs: () => 300_000 });
  expect(warnings).toEqual([]);
  const chunks = await Array.fromAsync(cloud.bucket.read('runs/d/r/report.html'));
  const data = embeddedData(Buffer.concat(chunks).toString());
  return { bucket, data, links: Object.fromEntries(data.samples.map(({ path, link }) => [path, link?.href])) };
}

/** An object of another bucket that the functions may read: one of the environment's `imageBuckets`. */
async function otherBucket(key: string, bytes: Uint8Array): Promise<string> {
  const bucket = await server.emptyBucket();
  await server.put(bucket, key, bytes);
  return `s3://${bucket}/${key}`;
}

describe.skipIf(!s3Available)('the report of a run on AWS (needs python3 with venv)', { timeout: 60_000 }, () => {
  it('links to no object that a failed line names and the run did not recognise', async () => {
    const secret = await otherBucket('payroll/secret.csv', SALARIES);
    const fields = { image_path: secret, width: 640, height: 480 };
    const unread = { step: 'step_0', code: 'image_undecodable' } as const;

    const { links } = await reportOf({
      failed: [failed(1, { image_path: secret }, unread), failed(2, fields, unread)],
      parts: { 'step_0/000000000001.jsonl': part(1, failed(1, { image_path: secret }), {}) + part(2, failed(2, fields), {}) },
    });

    expect(links).toEqual({ [secret]: undefined });
  });

  it('links to the picture of a failed line whose image was recognised', async () => {
    const later = await otherBucket('later.png', PICTURE);
    const objects = { 'inputs/d/a.png': PICTURE, 'inputs/d/b.png': PICTURE };

    const { links, bucket } = await reportOf({
      failed: [
        failed(1, { image_path: 'a.png' }, { step: 'step_0' }),
        failed(2, { image_path: 'b.png' }),
        failed(12, { image_path: later }),
      ],
      parts: {
        'step_0/000000000001.jsonl':
          part(1, failed(1, { image_path: 'a.png' }), { image }) + part(2, record('b.png'), { status: 'done', image }),
        'step_0/000000000011.jsonl': part(12, record(later), { status: 'done', image }),
        'step_1/000000000001.jsonl': part(2, failed(2, { image_path: 'b.png' }), {}),
      },
      objects,
    });

    expect(links['a.png']).toContain(`/${bucket}/inputs/d/a.png?`);
    expect(links['b.png']).toContain(`/${bucket}/inputs/d/b.png?`);
    expect(links[later]).toContain('/later.png?');
  });

  it('does not use the image of another line', async () => {
    const secret = await otherBucket('secret.csv', SALARIES);

    const { links } = await reportOf({
      failed: [failed(1, { image_path: secret })],
      parts: { 'step_0/000000000001.jsonl': part(1, record('a.png'), { status: 'done', image }) },
    });

    expect(links).toEqual({ [secret]: undefined });
  });

  it('links to no object of a record whose image has another base', async () => {
    // A line of captions can have an `image_base`, like lines of failed.jsonl.
    const { links, bucket } = await reportOf({
      annotations: [record('notes.txt'), record('gone.png'), record('a.png')],
      objects: { 'inputs/d/notes.txt': SALARIES, 'inputs/d/a.png': PICTURE },
    });

    expect(links).toEqual({
      'notes.txt': undefined,
      'gone.png': undefined,
      'a.png': expect.stringContaining(`/${bucket}/inputs/d/a.png?`),
    });
  });

  it('has no links for failed records in TAO format', async () => {
    const secret = await otherBucket('secret.csv', SALARIES);

    const { links } = await reportOf({ compat: 'tao', annotations: [record(secret, { status: 'failed' })] });

    expect(links).toEqual({ [secret]: undefined });
  });

  it('is written despite paths without an object', async () => {
    const picture = await otherBucket('a.png', PICTURE);
    const malformed = ['s3://', 's3://UPPER/a.png', '../../../a.png', '\ud800.png', 'https://example.com/a.png'];

    const { data, links } = await reportOf({ annotations: [record(picture), ...malformed.map((path) => record(path))] });

    expect(links[picture]).toContain('/a.png?');
    expect(data.samples.map(({ path, link }) => [path, link !== undefined])).toEqual([
      [picture, true],
      ...malformed.map((path) => [path, false]),
    ]);
    expect(data.notices).toContainEqual(expect.stringMatching(/^1 picture could not be linked, the first of line 5: /));
  });
});
