import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toVariables } from '#core/function-settings.ts';
import { vendorHosts } from '#core/hosts/model-hosts.ts';
import { bundleFunctions } from '#infra/function-asset.ts';
import { invoke } from '#test/lambdas/invoke.ts';
import { serveTable } from './local-table.ts';
import { serveSyntheticS3 } from './synthetic-s3.ts';

/**
 * Prepare on so many lines (default 1,000,000): the built function, in processes of 1,024 MB that have so many seconds each (default 900), called
 * until it is done, as a dry run so that no model is needed. Prints calls, seconds, memory and lines a second.
 */
const lines = Number(process.argv[2] ?? 1_000_000);
const seconds = Number(process.argv[3] ?? 900);
const FIRST = 10_000_000;

const inputLine = (n: number) => `{"image_path":"img/${n}.jpg","caption":"um we can see a red car ${n} near a tall tree and two people"}\n`;
const lineBytes = inputLine(FIRST).length;

function* readInput(start: number, end: number): Generator<Buffer> {
  for (let n = Math.floor(start / lineBytes); n * lineBytes < end; n += 1000) {
    const text = Buffer.from(Array.from({ length: 1000 }, (_, index) => inputLine(FIRST + n + index)).join(''));
    yield text.subarray(Math.max(0, start - n * lineBytes), Math.min(text.length, end - n * lineBytes));
  }
}

const s3 = await serveSyntheticS3({
  object(key) {
    if (key === 'inputs/bench/captions.jsonl') return { size: lines * lineBytes, read: readInput };
    return key.endsWith('.jpg') ? { size: 27_000, read: () => [] } : undefined;
  },
  list: () => [],
});
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
    MODEL_HOSTS: vendorHosts,
    OWN_MODEL_HOSTS: [],
    CHECKPOINT_DAYS: 0,
    MAX_LAMBDAS: 20,
    SETTLE_MINUTES: 0,
    MAX_UNATTENDED_USD: 0,
  }),
};
const event = {
  executionArn: 'arn',
  runId: 'run-1',
  startedAt: new Date().toISOString(),
  input: { input: 's3://bench/inputs/bench/captions.jsonl', dry_run: true },
  waited: 0,
};
const begun = performance.now();
let calls = 0;
let memory = 0;
for (;;) {
  const { answer, maxRssMb } = await invoke<{ status: string; reason?: string }>('prepare-run', event, {
    asset,
    memoryMb: 1024,
    env,
    timeoutMs: seconds * 1000,
  });
  calls++;
  memory = Math.max(memory, maxRssMb);
  console.error(
    `call ${calls}: ${answer.status}, ${answer.reason}, ${Math.round(maxRssMb)} MB, ${Math.round((performance.now() - begun) / 1000)} s`,
  );
  if (answer.status === 'incomplete') continue;
  const took = (performance.now() - begun) / 1000;
  console.log(
    JSON.stringify(
      {
        lines,
        ended: answer,
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
