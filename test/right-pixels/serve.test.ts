import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Settings } from '#core/settings.ts';
import { extractStep } from '#steps/extract/extract-step.ts';
import { runStep } from '#steps/run-step.ts';
import { connectFamily, groundPicture, openPicture, rectanglesFor, worstOverlap } from './ground-picture.ts';
import type { LookingStats } from './looking-model.ts';

describe('the model that looks, as a process', () => {
  let child: ChildProcess;
  let url: string;

  beforeAll(async () => {
    const env = { ...process.env, MODELS: 'Qwen/Qwen3-VL-8B-Instruct' };
    child = spawn(process.execPath, ['test/right-pixels/serve.ts'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(child.stdout as NodeJS.ReadableStream, 'data');
    url = /http:\/\/\S+/.exec(String(line))?.[0] ?? '';
  }, 60_000);
  afterAll(async () => {
    child.kill();
    await once(child, 'exit');
  });

  const stats = async () => (await fetch(`${url}/stats`)).json() as Promise<LookingStats>;
  const picture = {
    width: 320,
    height: 200,
    rectangles: rectanglesFor({ width: 320, height: 200 }),
    orientation: 6,
    format: 'jpeg',
  } as const;

  it('lists its models, in both dialects', async () => {
    expect(await (await fetch(`${url}/v1/models`)).json()).toMatchObject({ data: [{ id: 'Qwen/Qwen3-VL-8B-Instruct' }] });
    expect(await (await fetch(`${url}/v1beta/models`)).json()).toMatchObject({ models: [{ name: 'models/Qwen/Qwen3-VL-8B-Instruct' }] });
  });

  it('extracts the colours of a caption and grounds them where they are', async () => {
    const image = await openPicture(picture);
    const connection = await connectFamily(url, { model: 'Qwen/Qwen3-VL-8B-Instruct', dialect: 'openai' });
    const { signal } = new AbortController();
    const checkpoints = { get: async () => undefined, latest: async () => undefined, put: async () => {}, locationOf: () => 'nowhere' };
    const context = { settings: Settings.parse({}), connection, checkpoints, image, signal };

    const extracted = await runStep(extractStep, { sampleId: 's', caption: 'A red box left of two green circles.' }, context);
    const found = await groundPicture(connection, image);

    expect(extracted).toMatchObject({ output: { expressions: [{ text: 'red box' }, { text: 'green circles' }] } });
    expect(worstOverlap(found, picture.rectangles)).toBeGreaterThan(0.95);
  });

  it('counts calls by distinct request', async () => {
    const image = await openPicture(picture);
    const connection = await connectFamily(url, { model: 'Qwen/Qwen3-VL-8B-Instruct', dialect: 'openai' });
    const before = await stats();
    await groundPicture(connection, image);
    await groundPicture(connection, image);
    const after = await stats();

    expect(after.calls - before.calls).toBe(2);
    expect(after.distinct).toBe(before.distinct);
    expect(after.billedTwice - before.billedTwice).toBe(2);
    expect(after.noImage).toBe(0);
  });
});
