import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { partName } from '#aws/run-state/run-paths.ts';
import { StoredPlan } from '#aws/run-state/stored-plan.ts';
import { toVariables } from '#core/function-settings.ts';
import { Settings } from '#core/settings.ts';
import { bundleFunctions } from '#infra/function-asset.ts';
import { formatStepLine } from '#output/step-line.ts';
import { invoke } from '#test/lambdas/invoke.ts';
import { serveTable } from './local-table.ts';
import { serveSyntheticS3 } from './synthetic-s3.ts';

/**
 * Collect on so many lines (default 10,000,000) of made-up parts: the built function, in processes of 1,024 MB that have so many seconds each
 * (default 900), called until it is done. Prints calls, seconds, memory and lines a second.
 */
const lines = Number(process.argv[2] ?? 10_000_000);
const seconds = Number(process.argv[3] ?? 900);
const BATCH = 200;
/** Line numbers of one width, so that the line of a byte follows from its position. */
const FIRST = 10_000_000;
const prefix = 'runs/bench/run-1';

const record = JSON.stringify({
  image_path: 'img/0000000000.jpg',
  caption: 'um we can see a red car near a tree',
  image_id: '0000000000',
  width: 640,
  height: 480,
  cleaned_caption: 'A red car near a tree.',
  expressions: [
    {
      text: 'red car',
      expression_id: 'expr_6b1f0c2e9a417d05_00',
      char_span: [2, 9],
      noun_chunk: 'car',
      grounding: 'found',
      instances: [{ bbox: [10, 20, 300, 480], score: 0.9123, bbox_id: 'box_6b1f0c2e9a417d05_00_00' }],
    },
  ],
  source: 'image_grounding',
  pipeline_steps: ['step0_expression_extraction', 'step1_grounding'],
  status: 'ok',
});
const usage = { calls: 1, input: 1200, cachedInput: 0, output: 60, thinking: 0 };
const image = {
  identity: 'etag:0123456789abcdef0123456789abcdef-27000',
  size: 27_000,
  stamp: '"0123456789abcdef0123456789abcdef"',
  width: 640,
  height: 480,
  orientation: 1,
};
const idOf = (n: number) => `${n}-6b1f0c2e9a417d05`;
const manifestLine = (n: number) => `{"n":${n},"o":${n * 100},"b":99,"id":"${idOf(n)}"}\n`;
const lineBytes = manifestLine(FIRST).length;

const partOf = (first: number): Buffer =>
  Buffer.from(
    Array.from({ length: Math.min(BATCH, FIRST + lines - first) }, (_, index) =>
      formatStepLine({
        facts: {
          n: first + index,
          id: idOf(first + index),
          status: 'done',
          cached: false,
          usage,
          expressions: 1,
          boxes: 1,
          groundings: { found: 1 },
          dropped: {},
          image,
        },
        text: record,
      }),
    ).join(''),
  );

const plan = StoredPlan.parse({
  runId: 'run-1',
  prefix,
  executionArn: 'arn',
  startedAt: Date.now(),
  settings: Settings.parse({}),
  input: {
    uri: 's3://bench/inputs/bench/captions.jsonl',
    sha256: '0',
    lines,
    kind: 'captions',
    plain: { bucket: 'bench', key: 'inputs/bench/captions.jsonl' },
  },
  imageBase: 's3://bench/inputs/bench',
  samples: lines,
  rejected: 0,
  lambdas: 1,
  callsPerLambda: 1,
  batchSize: BATCH,
  steps: {},
  notices: [],
});

const s3 = await serveSyntheticS3({
  object(key) {
    if (key === `${prefix}/work/manifest.jsonl`) return { size: lines * lineBytes, read: readManifest };
    if (key === `${prefix}/work/rejected.jsonl`) return { size: 0, read: () => [] };
    if (key === `${prefix}/work/plan.json`) return fullObject(Buffer.from(JSON.stringify(plan)));
    const part = /\/work\/parts\/step_[01]\/(\d+)\.jsonl$/.exec(key)?.[1];
    return part === undefined ? undefined : fullObject(partOf(Number(part)));
  },
  list: (below) =>
    below.includes('/work/parts/')
      ? Array.from({ length: Math.ceil(lines / BATCH) }, (_, index) => `${below}${partName(FIRST + index * BATCH)}`)
      : [],
});

function* readManifest(start: number, end: number): Generator<Buffer> {
  for (let n = Math.floor(start / lineBytes); n * lineBytes < end; n += 1000) {
    const text = Buffer.from(Array.from({ length: 1000 }, (_, index) => manifestLine(FIRST + n + index)).join(''));
    yield text.subarray(Math.max(0, start - n * lineBytes), Math.min(text.length, end - n * lineBytes));
  }
}

function fullObject(bytes: Buffer) {
  return { size: bytes.length, read: (start: number, end: number) => [bytes.subarray(start, end)] };
}

const asset = mkdtempSync(join(tmpdir(), 'groundline-asset-'));
bundleFunctions(asset);
const table = await serveTable();
const env = {
  AWS_ENDPOINT_URL_S3: s3.endpoint,
  AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
  AWS_ACCESS_KEY_ID: 'x',
  AWS_SECRET_ACCESS_KEY: 'x',
  AWS_REGION: 'us-east-1',
  ...toVariables({
    ENVIRONMENT: 'bench',
    BUCKET: 'bench',
    TABLE: table.name,
    MODEL_KEYS_SECRET: 'x',
    MODEL_HOSTS: [],
    OWN_MODEL_HOSTS: [],
    CHECKPOINT_DAYS: 0,
    MAX_LAMBDAS: 1,
    SETTLE_MINUTES: 0,
    MAX_UNATTENDED_USD: 0,
  }),
};
const event = {
  executionArn: 'arn',
  runId: 'run-1',
  startedAt: new Date().toISOString(),
  input: { input: plan.input.uri },
  failure: { cause: '' },
};
const begun = performance.now();
let calls = 0;
let memory = 0;
for (;;) {
  const { answer, maxRssMb } = await invoke<{ status: string; done?: number }>('collect-results', event, {
    asset,
    memoryMb: 1024,
    env,
    timeoutMs: seconds * 1000,
  });
  calls++;
  memory = Math.max(memory, maxRssMb);
  const offset = Number(
    /"manifestOffset":(\d+)/.exec(s3.stored.get(`${prefix}/work/collect.json`)?.toString() ?? '')?.[1] ?? lines * lineBytes,
  );
  console.error(
    `call ${calls}: ${answer.status}, ${offset / lineBytes} lines, ${Math.round(maxRssMb)} MB, ${Math.round((performance.now() - begun) / 1000)} s`,
  );
  if (answer.status === 'incomplete') continue;
  const took = (performance.now() - begun) / 1000;
  console.log(
    JSON.stringify(
      {
        lines,
        done: answer.done,
        calls,
        seconds: Math.round(took),
        linesPerSecond: Math.round(lines / took),
        peakMb: Math.round(memory),
        wrote: s3.written,
      },
      null,
      1,
    ),
  );
  break;
}
s3.close();
table.close();
rmSync(asset, { recursive: true });
