/** Where keys are sent and how messages name them: the command line against real servers. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startListener } from '#test/models/listener.ts';
import { type StandInOptions, servedModel, startStandIn } from '#test/models/stand-in.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { groundline, writeSamples } from './command-line.ts';

const timeout = 60_000;

async function standIn(options?: StandInOptions) {
  const server = await startStandIn(options);
  onTestFinished(() => server.close());
  return server;
}

async function listen() {
  const listener = await startListener();
  onTestFinished(() => listener.close());
  return listener;
}

/** `groundline generate` of two samples with a spec file. */
async function generate(vlm: object, env: Record<string, string> = {}) {
  const cwd = tempFolder();
  writeSamples(cwd, 2);
  const spec = {
    results_dir: 'results',
    data: { input_jsonl: 'captions.jsonl' },
    vlm: { backend: 'openai', localisation_check: 'off', ...vlm },
  };
  const { results_dir, ...image_grounding } = spec;
  writeFileSync(join(cwd, 'spec.yaml'), JSON.stringify({ autolabel_type: 'image_grounding', results_dir, image_grounding }));
  const end = await groundline(['generate', '-e', 'spec.yaml'], { cwd, env });
  return { ...end, cwd };
}

const at = (base_url: string) => ({ base_url, model_name: servedModel });
const sentTo = ({ calls }: { calls: readonly { authorization: string | undefined }[] }) => [
  ...new Set(calls.map(({ authorization }) => authorization)),
];

test.each([
  ['OPENAI_API_KEY', 'openai', 'sk-SECRET\nSECRET', 'a line break at character 10'],
  ['GOOGLE_API_KEY', 'gemini', 'sk-SECRET\nSECRET', 'a line break at character 10'],
  ['OPENAI_API_KEY', 'openai', 'sk–SECRET', 'a typographic dash (U+2013) at character 3'],
  ['GEMINI_API_KEY', 'gemini', 'sk–SECRET', 'a typographic dash (U+2013) at character 3'],
])('%s that no header can carry ends the run before any byte, without showing it', { timeout }, async (variable, backend, key, fault) => {
  const server = await listen();
  const base_url = `http://${server.host}/v1`;

  const { code, stdout, stderr } = await generate(
    { backend, openai: at(base_url), gemini: { base_url } },
    { [variable]: key, GROUNDLINE_DEBUG: '' },
  );

  expect(code).toBe(1);
  expect(stderr).toBe(
    `groundline: ${variable} cannot be used: got ${fault}, expected visible ASCII characters only; fix: copy the key again from its provider\n`,
  );
  expect(stdout).toBe('');
  expect(server.bytes).toBe(0);
});

test('each of two vendors in a run gets its own key from the spec', { timeout }, async () => {
  const [one, two] = [await standIn(), await standIn()];

  const vlm = { openai: { ...at(one.url), api_key: 'key-one' }, grounding: { openai: { ...at(two.url), api_key: 'key-two' } } };
  const [alone, withVariable] = [await generate(vlm), await generate(vlm, { OPENAI_API_KEY: 'of-the-shell' })];

  expect([alone.code, withVariable.code]).toEqual([0, 0]);
  expect(sentTo(one)).toEqual(['Bearer key-one']);
  expect(sentTo(two)).toEqual(['Bearer key-two']);
});

test('a key variable goes to the only host of a run, and to none of two hosts', { timeout }, async () => {
  const [one, two] = [await standIn(), await standIn()];

  const alone = await generate({ openai: at(one.url) }, { OPENAI_API_KEY: 'of-the-shell' });
  const both = await generate({ openai: at(one.url), grounding: { openai: at(two.url) } }, { OPENAI_API_KEY: 'of-the-shell' });

  expect(alone.code).toBe(0);
  expect(sentTo(one)).toEqual(['Bearer of-the-shell']);
  expect(both).toMatchObject({ code: 1, stderr: expect.stringMatching(/where OPENAI_API_KEY belongs to none.*set vlm\./) });
  expect(two.calls).toEqual([]);
});

test('a reply that echoes the key leaves it in no result file', { timeout }, async () => {
  const key = 'a-key-of-23-characters!';
  const { cwd, code } = await generate(
    {
      openai: {
        ...at(
          (
            await standIn({
              script: ({ caption }, calls) =>
                calls.length < 3 ? { text: `{"cleaned_caption":${JSON.stringify(caption)} ${key}` } : { status: 400, error: `bad ${key}` },
            })
          ).url,
        ),
        default_headers: { 'X-Pass': 'a-second-secret-value' },
      },
    },
    { OPENAI_API_KEY: key },
  );

  expect(code).toBe(2);
  const files = readdirSync(join(cwd, 'results'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const texts = files.map((file) => readFileSync(join(file.parentPath, file.name), 'latin1'));
  expect(texts.join('\n')).toContain('failed');
  expect(texts.filter((text) => text.includes(key) || text.includes('a-second-secret'))).toEqual([]);
});
