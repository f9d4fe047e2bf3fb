import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Settings } from '#core/settings.ts';
import { type EndpointMemory, recallCapabilities } from '#models/endpoint-capabilities.ts';
import { createLanguageModel } from '#models/language-model.ts';
import { createOutage } from '#models/pacing/outage.ts';
import { createPacer } from '#models/pacing/pacer.ts';
import { chooseProfile } from '#models/profiles/choose-profile.ts';
import { createAdapter, stepModel } from '#models/step-model.ts';
import { type LookingModel, startLookingModel } from '#test/right-pixels/looking-model.ts';
import { realClock } from '../real-clock.ts';

const { signal } = new AbortController();

/** A model that reads the pictures: its known families answer in their convention, other names as Qwen3-VL does. */
describe('choosing a profile', () => {
  let server: LookingModel;
  let notices: string[];

  beforeAll(async () => {
    server = await startLookingModel();
  });
  afterAll(() => server.close());

  async function choose(name: string, vlm: object = {}, memory?: EndpointMemory) {
    notices = [];
    const settings = Settings.parse({
      vlm: { backend: 'openai', openai: { base_url: `${server.url}/v1`, model_name: name }, ...vlm },
    });
    const model = stepModel(settings, 'grounding', {});
    const capabilities = await recallCapabilities(memory, model.target.endpoint, name);
    const adapter = await createAdapter(model, capabilities, 2);
    const outage = createOutage(realClock, () => {});
    const line = { pacer: createPacer({ workers: 2, clock: realClock }), retry: { clock: realClock, random: Math.random, outage } };
    const before = server.stats().calls;
    const { profile, check } = await chooseProfile(
      {
        vlm: settings.vlm,
        model,
        adapter,
        capabilities,
        createModelFor: (profile) => createLanguageModel({ adapter, profile, capabilities, ...line }),
        notice: (message) => notices.push(message),
      },
      signal,
    );
    const chosenAfter = server.stats().calls - before;
    await check?.(signal);
    await adapter.close();
    return { profile, chosenAfter, calls: server.stats().calls - before, known: capabilities.current };
  }

  test('confirms a known family on a server of one’s own without a word', async () => {
    const { profile, chosenAfter, calls, known } = await choose('Qwen/Qwen3-VL-8B-Instruct-FP8');

    expect(profile.family).toBe('qwen3-vl');
    expect(known.profile).toBe('qwen3-vl');
    expect(chosenAfter).toBe(0); // only a first question is worth the check
    expect(calls).toBe(2);
    expect(notices).toEqual([]);
  });

  test.each(['qwen2.5vl:7b', 'OpenGVLab/InternVL3_5-8B', 'google/gemma-4-31b-it', 'anthropic/claude-sonnet-5-5'])(
    'confirms %s',
    async (name) => {
      await choose(name);

      expect(notices).toEqual([]);
    },
  );

  test('the convention of an unknown model is probed, reported and stored', async () => {
    const { profile, known } = await choose('our-own-model');

    expect(profile.box).toMatchObject({ order: 'xyxy', scale: 1000 });
    expect(known.profile).toBe(profile.family);
    expect(notices.join()).toContain('our-own-model is not a known model');
  });

  test('asks nothing of an unknown model that it remembers', async () => {
    const memory: EndpointMemory = { get: async () => ({ profile: 'yxyx-1000-box_2d' }), set: async () => {} };

    const { profile, calls } = await choose('our-own-model', {}, memory);

    expect(profile.box).toEqual({ key: 'box_2d', order: 'yxyx', scale: 1000 });
    expect(calls).toBe(0);
  });

  test('a profile by its name needs no request', async () => {
    const { profile, calls } = await choose('our-own-model', { coordinates: 'qwen2.5-vl' });

    expect(profile.family).toBe('qwen2.5-vl');
    expect(calls).toBe(0);
  });

  test('keeps the parameters of a known family whose convention the user overrides', async () => {
    const { profile } = await choose('Qwen/Qwen3.5-9B', { coordinates: 'xyxy-pixels' });

    expect(profile).toMatchObject({ box: { scale: 'pixels' }, parameters: { chat_template_kwargs: { enable_thinking: false } } });
  });

  test('keeps the reply form of a known family when the user overrides its convention', async () => {
    const { profile } = await choose('OpenGVLab/InternVL3_5-8B', { coordinates: 'xyxy-1' });

    expect(profile).toMatchObject({ form: 'tags', expressionsPerCall: 1, box: { key: 'bbox_2d', order: 'xyxy', scale: 1 } });
  });

  test('asks nothing when the check is turned off', async () => {
    const { calls } = await choose('our-own-model', { localisation_check: 'off' });

    expect(calls).toBe(0);
    expect(notices.join()).toContain('unknown');
  });
});
