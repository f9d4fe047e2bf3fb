import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { vendorHosts } from '#core/hosts/model-hosts.ts';
import { serveDynamo } from '#test/aws/dynamo-server.ts';
import { writeSamples } from '#test/cli/command-line.ts';
import { startListener } from '#test/models/listener.ts';
import { type StandInOptions, startStandIn } from '#test/models/stand-in.ts';
import { s3Available, serveS3 } from '#test/storage/s3-server.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { type EnvironmentParts, makeVersioned, openEnvironment } from './environment.ts';

const server = serveS3();
const dynamo = serveDynamo();

/** An environment with two samples uploaded, whose run is started with the settings of `vlm`. */
async function openWith({ modelHosts = [], keys }: { readonly modelHosts?: readonly string[] } & Pick<EnvironmentParts, 'keys'>) {
  const s3 = server.connect();
  const bucket = await server.emptyBucket();
  await makeVersioned(s3, bucket);
  const folder = tempFolder();
  writeSamples(folder, 2);
  const put = async (name: string, body: string | Uint8Array) => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `inputs/d/${name}`, Body: body }));
  };
  for (const name of ['img/0.png', 'img/1.png', 'captions.jsonl']) await put(name, readFileSync(join(folder, name)));
  const variables = { MODEL_HOSTS: [...vendorHosts, ...modelHosts] };
  const environment = openEnvironment({
    s3,
    dynamo: dynamo.connect(),
    bucket,
    table: await dynamo.emptyTable(),
    variables,
    ...(keys && { keys }),
  });
  return {
    environment,
    async run(vlm: object) {
      const spec = { vlm: { backend: 'openai', localisation_check: 'off', ...vlm } };
      await put('spec.yaml', JSON.stringify({ autolabel_type: 'image_grounding', image_grounding: spec }));
      return environment.run({ input: `s3://${bucket}/inputs/d/captions.jsonl` });
    },
  };
}

async function listen() {
  const listener = await startListener();
  onTestFinished(() => listener.close());
  return listener;
}

async function standIn(options?: StandInOptions) {
  const model = await startStandIn(options);
  onTestFinished(() => model.close());
  return model;
}

const at = (base_url: string) => ({ base_url, model_name: 'Qwen/Qwen3-VL-8B-Instruct' });
const keys = () => ({ OPENAI_API_KEY: 'key-of-the-owner' });

describe.skipIf(!s3Available)('a spec from an untrusted uploader', { timeout: 120_000 }, () => {
  it.each([
    [
      'a host that the environment does not name',
      (host: string) => ({ openai: at(`http://${host}/v1`) }),
      /is not allowed here: got the host/,
    ],
    ['one for a single step', (host: string) => ({ grounding: { openai: at(`http://${host}/v1`) } }), /is not allowed here: got the host/],
    ['one behind the name of an allowed one', (host: string) => ({ openai: at(`http://api.openai.com@${host}/v1`) }), /secret|user name/],
  ])('sends no byte to %s and fails with the reason', async (_, vlm, reason) => {
    const foreign = await listen();
    const { run, environment } = await openWith({ keys });

    const { failed } = await run(vlm(foreign.host));

    expect(failed).toMatchObject({ error: 'CannotRun', cause: expect.stringMatching(reason) });
    expect(foreign.bytes).toBe(0);
    expect(JSON.stringify([failed, environment.logged])).not.toContain('key-of-the-owner');
  });

  it.each([
    ['a header', { default_headers: { 'x-functions-code': 'abc' } }],
    ['the body', { extra_body: { auth: { bearer: 'abc' } } }],
    ['the query', {}],
  ])('sends nothing with a credential in %s, even to an allowed host', async (what, more) => {
    const model = await listen();
    const { run } = await openWith({ modelHosts: [model.host], keys });

    const { failed } = await run({ openai: { ...at(`http://${model.host}/v1${what === 'the query' ? '?code=abc' : ''}`), ...more } });

    expect(failed).toMatchObject({ error: 'CannotRun', cause: expect.stringMatching(/secret|query/) });
    expect(failed?.cause).not.toContain('abc');
    expect(model.bytes).toBe(0);
  });

  it('follows no redirect of an allowed host to another host', async () => {
    const target = await listen();
    const model = await standIn({ script: () => ({ status: 307, headers: { location: `http://${target.host}/v1` } }) });
    const { run } = await openWith({ modelHosts: [new URL(model.url).host], keys });

    const { failed } = await run({ openai: at(model.url) });

    expect(failed?.cause).toMatch(/is not the API's address.*redirects to/);
    expect(model.calls.length).toBeGreaterThan(0);
    expect(target.bytes).toBe(0);
  });

  it('sends each of two vendors its own key', async () => {
    const [one, two] = [await standIn(), await standIn()];
    const modelHosts = [one, two].map(({ url }) => new URL(url).host) as [string, string];
    const { run } = await openWith({ modelHosts, keys: () => ({ [modelHosts[0]]: 'key-one', [modelHosts[1]]: 'key-two' }) });

    const { failed } = await run({ openai: at(one.url), grounding: { openai: at(two.url) } });

    expect(failed).toBeUndefined();
    expect(new Set(one.calls.map(({ step, authorization }) => `${step} ${authorization}`))).toEqual(new Set(['step_0 Bearer key-one']));
    expect(new Set(two.calls.map(({ step, authorization }) => `${step} ${authorization}`))).toEqual(new Set(['step_1 Bearer key-two']));
  });

  it('ends before its first call when the secret has no key for a vendor', async () => {
    const { run } = await openWith({ keys });

    const { failed } = await run({ openai: at('https://openrouter.ai/api/v1') });

    expect(failed).toMatchObject({
      error: 'CannotRun',
      cause: expect.stringMatching(/secret keys has no entry for .{0,2}openrouter\.ai/),
    });
  });

  it('reports where a key in the secret is broken without showing it', async () => {
    const { run, environment } = await openWith({ keys: () => ({ 'api.openai.com': 'sk-SECRET\nSECRET' }) });

    const { failed } = await run({ openai: { model_name: 'gpt-4.1-mini' } });

    expect(failed).toMatchObject({ error: 'CannotRun', cause: expect.stringMatching(/api\.openai\.com.*a line break at character 10/) });
    expect(JSON.stringify([failed, environment.logged])).not.toContain('SECRET');
  });
});
