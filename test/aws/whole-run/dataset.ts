import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { onTestFinished } from 'vitest';
import { versionNow } from '#aws/start/start-run.ts';
import { vendorHosts } from '#core/hosts/model-hosts.ts';
import { serveDynamo } from '#test/aws/dynamo-server.ts';
import { writeInput } from '#test/cli/command-line.ts';
import { runIn } from '#test/cli/in-process.ts';
import { type StandIn, type StandInOptions, startStandIn } from '#test/models/stand-in.ts';
import { serveS3 } from '#test/storage/s3-server.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { type EnvironmentParts, makeVersioned, openEnvironment } from './environment.ts';

export interface Dataset {
  readonly folder: string;
  readonly uri: string;
  readonly model: StandIn;
  readonly environment: ReturnType<typeof openEnvironment>;
  put(key: string, body: string | Uint8Array): Promise<void>;
  /** Runs the same input locally and gives the text of a result file by its name. */
  local(overrides?: readonly string[]): Promise<(name: string) => string>;
}

const captionOf = (i: number) => (i % 7 === 3 ? 'nothing to name here' : `a red car${i} near a tall tree${i}`);

interface DatasetOptions extends StandInOptions, Omit<Partial<EnvironmentParts>, 's3'> {
  /** The images in the bucket. @default one for each line */
  readonly images?: number;
}

interface Servers {
  readonly server: ReturnType<typeof serveS3>;
  readonly dynamo: ReturnType<typeof serveDynamo>;
}

/** Starts S3 and DynamoDB for the tests of one file; each dataset has a bucket, a table and a model of its own. */
export function serveDatasets() {
  const servers = { server: serveS3(), dynamo: serveDynamo() };
  return { makeDataset: (lines: readonly string[], options: DatasetOptions = {}) => makeDataset(servers, lines, options) };
}

async function makeDataset({ server, dynamo }: Servers, lines: readonly string[], options: DatasetOptions): Promise<Dataset> {
  const model = await startStandIn(options);
  onTestFinished(() => model.close());
  const s3 = server.connect();
  const bucket = await server.emptyBucket();
  await makeVersioned(s3, bucket);
  const folder = tempFolder();
  const put = async (Key: string, Body: string | Uint8Array) => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
  };
  const images = Array.from({ length: options.images ?? lines.length }, (_, i) => `img/${i}.png`);
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
  onTestFinished(environment.close);
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

export function specOf({ url }: StandIn, more = ''): string {
  return `autolabel_type: image_grounding
image_grounding:
  workflow: {max_workers: 6}
  vlm:
    backend: openai
    localisation_check: "off"
    openai: {base_url: "${url}", model_name: Qwen/Qwen3-VL-8B-Instruct}
${more}`;
}

export const linesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => JSON.stringify({ image_path: `img/${i}.png`, caption: captionOf(i), n: i }));

export const startOf = ({ uri }: Dataset, more: object = {}) => ({ input: uri, ...more });

/** The annotation files of a run, by their names. */
export async function filesOf({ environment }: Dataset, prefix: string) {
  const names = ['annotations.jsonl', 'step_0_expression_extraction/annotations.jsonl', 'step_1_grounding/annotations.jsonl'];
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await environment.text(`${prefix}/${name}`)] as const)));
}

/** The versions of captions and spec, as start-run passes them for an upload. */
export async function uploadOf({ environment }: Dataset): Promise<{ captions: string; spec: string }> {
  const { s3, variables } = environment.cloud;
  const version = async (name: string) => (await versionNow(s3, variables.BUCKET, `inputs/d/${name}`)) ?? '';
  return { captions: await version('captions.jsonl'), spec: await version('spec.yaml') };
}

export const problemsOf = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const { _groundline: problem, ...fields } = JSON.parse(line) as { _groundline: { code: string; line: number } };
      return { ...fields, code: problem.code, line: problem.line };
    });
