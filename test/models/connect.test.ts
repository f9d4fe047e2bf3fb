import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Settings } from '#core/settings.ts';
import { connectModels, listServedModels } from '#models/connect.ts';
import type { EndpointMemory } from '#models/endpoint-capabilities.ts';
import { type DialectServer, openAIDialect, startDialectServer } from './adapters/dialect-server.ts';
import { question } from './questions.ts';
import { realClock } from './real-clock.ts';

const { signal } = new AbortController();

describe('connecting models', () => {
  let server: DialectServer;
  let notices: string[];

  beforeEach(async () => {
    server = await startDialectServer(openAIDialect, ['Qwen/Qwen3-VL-8B-Instruct']);
    server.answer({ text: '{"boxes":[],"absent":[]}' });
    notices = [];
  });
  afterEach(() => server.close());

  const settings = (vlm: object, rest: object = {}) =>
    Settings.parse({
      vlm: { backend: 'openai', openai: { base_url: `${server.url}/v1`, model_name: 'Qwen/Qwen3-VL-8B-Instruct' }, ...vlm },
      ...rest,
    });
  const connect = (given: Settings, memory?: EndpointMemory) =>
    connectModels(
      {
        settings: given,
        keys: {},
        maxWorkers: 4,
        clock: realClock,
        random: Math.random,
        notice: (message) => notices.push(message),
        memory,
      },
      signal,
    );

  test('finds the profile by the name of the model', async () => {
    const { grounding } = await connect(settings({ localisation_check: 'off' }));

    expect(grounding.profile).toMatchObject({ box: { key: 'bbox_2d', order: 'xyxy', scale: 1000 } });
    expect(grounding.endpoint).toBe(`${server.url}/v1`);
  });

  test('finds the profile of an alias by the model behind it', async () => {
    await server.close();
    server = await startDialectServer(openAIDialect, ['Qwen2.5-VL-7B-Instruct']);
    const listed = await listServedModels(settings({}), 'grounding', {}, signal);

    expect(listed).toEqual([{ id: 'Qwen2.5-VL-7B-Instruct', root: '/models/Qwen2.5-VL-7B-Instruct' }]);
  });

  test('needs no name for the only model of a server', async () => {
    const { grounding } = await connect(settings({ openai: { base_url: `${server.url}/v1` }, localisation_check: 'off' }));

    expect(grounding.model.model).toBe('Qwen/Qwen3-VL-8B-Instruct');
  });

  test('lets the user name the convention', async () => {
    const { grounding } = await connect(settings({ coordinates: 'yxyx-1000' }));

    expect(grounding.profile.box).toMatchObject({ order: 'yxyx', scale: 1000 });
    expect(server.requests).toHaveLength(0);
  });

  test('refuses a convention that it cannot read', async () => {
    await expect(connect(settings({ coordinates: 'diagonal' }))).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining('xyxy-1000'),
    });
  });

  test('warns loudly when a known family on a server of one’s own finds no rectangle', async () => {
    const { extraction, grounding } = await connect(settings({}));
    await Promise.all([extraction.model.ask(question('a dog'), signal), grounding.model.ask(question('a cat'), signal)]);

    expect(notices.filter((notice) => notice.includes('WARNING'))).toHaveLength(1);
  });

  test('looks at a known family only before the first question: a run that asks nothing calls nobody', async () => {
    await connect(settings({}));

    expect(server.requests).toHaveLength(0);
    expect(notices).toEqual([]);
  });

  test('stops before the first sample when an unknown model fits no convention', async () => {
    const unknown = settings({ openai: { base_url: `${server.url}/v1`, model_name: 'my-own-model' } });

    await expect(connect(unknown)).rejects.toMatchObject({
      reason: 'convention_unknown',
      message: expect.stringContaining('vlm.coordinates'),
    });
  });

  test('asks no test picture twice of an endpoint and model that it remembers', async () => {
    const memory: EndpointMemory = { get: async () => ({ profile: 'qwen3-vl' }), set: async () => {} };

    await connect(settings({ openai: { base_url: `${server.url}/v1`, model_name: 'my-own-model' } }), memory);

    expect(server.requests).toHaveLength(0);
  });

  test('a missing key is an error before any call, with the setting for it', async () => {
    const noKey = Settings.parse({ vlm: { backend: 'gemini' } });

    await expect(connect(noKey)).rejects.toMatchObject({ reason: 'unauthorized', message: expect.stringContaining('GOOGLE_API_KEY') });
  });

  test('gives each step its own model', async () => {
    const two = settings({ localisation_check: 'off', extraction: { openai: { model_name: 'small-model' } } });
    const { extraction, grounding } = await connect(two);
    await extraction.model.ask(question('a cat'), signal);
    await grounding.model.ask(question('a cat'), signal);

    expect(new Set(server.requests.map(({ body }) => body.model))).toEqual(new Set(['small-model', 'Qwen/Qwen3-VL-8B-Instruct']));
  });

  test('does not connect a step that the run does not take', async () => {
    const groundingOnly = settings({ localisation_check: 'off', extraction: { backend: 'gemini' } }, { workflow: { steps: ['1'] } });

    await expect(connect(groundingOnly)).resolves.toBeDefined();
  });

  test('lists what a server serves', async () => {
    const listed = await listServedModels(settings({}), 'grounding', {}, signal);

    expect(listed.map(({ id }) => id)).toEqual(['Qwen/Qwen3-VL-8B-Instruct']);
  });
});
