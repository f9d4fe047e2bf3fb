import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { startStandIn } from '#test/models/stand-in.ts';
import { startLookingModel } from '#test/right-pixels/looking-model.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { groundline } from '../command-line.ts';

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
}

let folder: string;
beforeEach(() => {
  folder = tempFolder();
});

/** `groundline check --json` of an endpoint. */
async function check(...args: string[]): Promise<{ code: number | null; findings: Finding[]; stderr: string }> {
  const { code, stdout, stderr } = await groundline(['check', '--json', '--backend', 'openai', ...args], { cwd: folder });
  return { code, findings: JSON.parse(stdout) as Finding[], stderr };
}

test('a model that localises passes every check', async () => {
  const server = await startLookingModel();
  onTestFinished(() => server.close());

  const { code, findings } = await check(`vlm.openai.base_url=${server.url}/v1`, 'vlm.openai.model_name=Qwen/Qwen3-VL-8B-Instruct');

  expect(findings.map(({ check: name, ok }) => [name, ok])).toEqual([
    ['key and server', true],
    ['model', true],
    ['image call', true],
    ['box convention', true],
    ['structured output', true],
  ]);
  expect(code).toBe(0);
});

test('an own server is asked about each test picture once and reported once', async () => {
  const server = await startStandIn();
  onTestFinished(() => server.close());
  const own = server.overrides.filter((override) => !override.includes('localisation_check'));

  const { findings, stderr } = await check(...own);

  expect(server.calls).toHaveLength(2);
  expect(findings.filter(({ ok }) => !ok)).toHaveLength(1);
  expect(stderr).toBe('');
});

test('boxes in the wrong place fail with a suggested fix', async () => {
  const server = await startStandIn();
  onTestFinished(() => server.close());

  const { code, findings } = await check(...server.overrides);

  expect(findings.filter(({ ok }) => !ok)).toEqual([
    { check: 'box convention', ok: false, detail: expect.stringContaining('set vlm.coordinates') },
  ]);
  expect(code).toBe(1);
});

test('a model that refuses the picture fails with the message of the server', async () => {
  const server = await startStandIn({ script: () => ({ status: 400, error: 'image too large for model context' }) });
  onTestFinished(() => server.close());

  const { code, findings } = await check(...server.overrides);

  expect(findings.filter(({ ok }) => !ok)).toEqual([
    { check: 'image call', ok: false, detail: expect.stringContaining('image too large for model context') },
  ]);
  expect(code).toBe(1);
});

test('a refused key ends the checks without being shown', async () => {
  const server = await startStandIn({ script: () => ({ status: 401, error: 'Incorrect API key provided: sk-secret-1234' }) });
  onTestFinished(() => server.close());

  const { code, stderr } = await groundline(['check', ...server.overrides, 'vlm.openai.api_key=sk-secret-1234'], { cwd: folder });

  expect(code).toBe(1);
  expect(stderr).toContain('the key was not accepted');
  expect(stderr).not.toContain('sk-secret-1234');
});

test('an unreachable server fails the first check', async () => {
  const { code, findings } = await check('vlm.openai.base_url=http://127.0.0.1:9/v1', 'vlm.openai.model_name=any');

  expect(findings).toEqual([{ check: 'key and server', ok: false, detail: expect.stringContaining('nothing listens there') }]);
  expect(code).toBe(1);
});
