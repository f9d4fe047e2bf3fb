import { describe, expect, test } from 'vitest';
import {
  expectedProfile,
  families,
  overriddenProfile,
  parseCoordinates,
  profileByName,
  profileFor,
  unknownProfile,
} from '#models/profiles/profiles.ts';

describe('model profiles', () => {
  test.each([
    ['gemini-3.1-flash-lite', 'gemini-3-flash'],
    ['gemini-3-flash-preview', 'gemini-3-flash'],
    ['models/gemini-3.1-pro-preview', 'gemini-3-pro'],
    ['gemini-3.5-flash-lite', 'gemini-3.5-flash'],
    ['gcp/google/gemini-3.6-flash', 'gemini-3.5-flash'],
    ['gemini-3.8-flash', 'gemini'],
    ['google/gemini-flash-latest', 'gemini'],
    ['gemini-4-pro', 'gemini'],
    ['gemini-2.5-flash', 'gemini-2.5-flash'],
    ['google/gemini-2.5-pro', 'gemini-2.5-pro'],
    ['gemini-2.0-flash', 'gemini-2'],
    ['google/gemma-4-31b-it', 'gemma-4'],
    ['gemma4:12b', 'gemma-4'],
    ['google/paligemma2-3b-mix-448', 'paligemma'],
    ['openai/openai/gpt-5.4', 'gpt-5.4'],
    ['gpt-5.6-sol', 'gpt-5.4'],
    ['azure/openai/gpt-5.4-mini-2026-03-01', 'gpt-5.4-mini'],
    ['gpt-6-astra', 'gpt-6'],
    ['gpt-6.1-sol', 'gpt-6'],
    ['gpt-6-luna', 'gpt-5.4'],
    ['gpt-5-mini', 'gpt-5'],
    ['gpt-5-2025-08-07', 'gpt-5'],
    ['gpt-5.2', 'gpt-5.1'],
    ['gpt-4o-mini', 'gpt-4o'],
    ['gpt-4.1', 'gpt-4o'],
    ['aws/anthropic/claude-sonnet-5-5', 'claude'],
    ['Qwen/Qwen3-VL-8B-Instruct-FP8', 'qwen3-vl'],
    ['qwen3-vl:8b', 'qwen3-vl'],
    ['unsloth/Qwen3-VL-8B-Instruct-GGUF:Q4_K_M', 'qwen3-vl'],
    ['Qwen/Qwen3.5-9B', 'qwen3.5'],
    ['qwen/qwen3.6-27b:free', 'qwen3.5'],
    ['qwen2.5vl:7b', 'qwen2.5-vl'],
    ['Qwen/Qwen2.5-VL-7B-Instruct-AWQ', 'qwen2.5-vl'],
    ['qwen2_5-vl-72b', 'qwen2.5-vl'],
    ['/models/Qwen2.5-VL-3B-Instruct', 'qwen2.5-vl'],
    ['models--Qwen--Qwen2-VL-7B-Instruct', 'qwen2-vl'],
    ['nvidia/cosmos-reason1-7b', 'cosmos-reason1'],
    ['nvidia/Cosmos-Reason2-8B', 'cosmos-reason2'],
    ['nvidia/cosmos3-reasoner', 'cosmos-3'],
    ['OpenGVLab/InternVL3_5-8B', 'internvl'],
    ['zai-org/GLM-4.5V', 'glm-4v'],
    ['glm-4.6v-flash', 'glm-4v'],
    ['deepseek-ai/deepseek-vl2-small', 'deepseek-vl2'],
    ['XiaomiMiMo/MiMo-VL-7B-RL', 'mimo-vl'],
    ['microsoft/Florence-2-large', 'florence-2'],
    ['microsoft/kosmos-2-patch14-224', 'kosmos-2'],
    ['moondream3-preview', 'moondream'],
    ['my-team/parts-lora-on-qwen3-vl-4b', 'qwen3-vl'],
    ['mlx-community/gemma-4-e4b-it-4bit', 'gemma-4'],
    ['gemma4', 'gemma-4'],
    ['gemini-1.5-flash-8b', 'gemini-2'],
    ['chatgpt-4o-latest', 'gpt-4o'],
    ['gpt-5.5', 'gpt-5.4'],
    ['gpt-5.6-sol-2026-07-09', 'gpt-5.4'],
    ['gpt-6-sol', 'gpt-6'],
    ['anthropic.claude-opus-5-5-v1:0', 'claude'],
    ['Qwen/Qwen2-VL-2B-Instruct', 'qwen2-vl'],
    ['Qwen/Qwen2-VL-72B-Instruct', 'qwen2-vl'],
    ['qwen2-5-vl-72b-instruct', 'qwen2.5-vl'],
    ['Qwen/Qwen3-VL-2B-Instruct', 'qwen3-vl'],
    ['Qwen/Qwen3-VL-235B-A22B-Instruct', 'qwen3-vl'],
    ['Qwen3.6-27B', 'qwen3.5'],
    ['qwen/qwen3.5-plus', 'qwen3.5'],
    ['nvidia/Cosmos-Reason2-2B', 'cosmos-reason2'],
    ['nvidia/Cosmos-Reason1-7B', 'cosmos-reason1'],
    ['nvidia/cosmos-3-reasoner-30b', 'cosmos-3'],
    ['OpenGVLab/InternVL2_5-4B', 'internvl'],
    ['OpenGVLab/InternVL2-26B', 'internvl'],
    ['OpenGVLab/InternVL3-78B', 'internvl'],
    ['zai-org/GLM-4.1V-9B-Thinking', 'glm-4v'],
    ['zai-org/GLM-4.6V', 'glm-4v'],
    ['deepseek-ai/deepseek-vl2', 'deepseek-vl2'],
    ['microsoft/Florence-2-base-ft', 'florence-2'],
    ['google/paligemma-3b-mix-224', 'paligemma'],
    ['Jackrong/Qwen3.5-27B-Claude-4.6-Opus-Reasoning-Distilled', 'qwen3.5'],
  ])('%s is a %s', (name, family) => {
    expect(profileFor(name)?.family).toBe(family);
  });

  test.each([
    'my-own-model',
    'allenai/Molmo2-8B',
    'google/gemma-3-27b-it',
    'mistralai/Pixtral-12B-2409',
    'HuggingFaceTB/SmolVLM2-2.2B-Instruct',
    'meta-llama/Llama-4-Scout-17B-16E-Instruct',
    'llava-hf/llava-onevision-qwen2-7b-ov-hf',
    'nvidia/nemotron-nano-12b-v2-vl',
    'qwen3-8b',
    'Qwen_3_8B',
    'Qwen/Qwen2.5-72B-Instruct',
    'google/medgemma-4b-it',
    'google/shieldgemma-2-4b-it',
    'shieldgemma-4b',
    'google/gemma-3-4b-it',
    'google/gemma-3n-E4B-it',
    'microsoft/kosmos-2.5',
    'deepseek-ai/deepseek-vl-1.3b-chat',
    'deepseek-ai/deepseek-vl-7b-chat',
    'zai-org/glm-4v-9b',
    'allenai/Molmo-7B-D-0924',
    'MBZUAI/Video-ChatGPT-7B',
    'cerebras/Cerebras-GPT-6.7B',
    'EleutherAI/gpt-j-6b',
    'eric-ai-lab/MiniGPT-5',
    'Vision-CAIR/MiniGPT-4',
    'qwen-vl-max',
    'gpt-oss-120b',
    'glm-4.6',
    'deepseek-r1',
    'mock-vlm',
  ])('%s writes no boxes, or in a way that is not published: it is probed', (name) => {
    expect(profileFor(name)).toBeUndefined();
  });

  test.each([
    ['gemini-3.8-flash', 'LOW', false],
    ['gemini-3.7-flash', 'LOW', false],
    ['gemini-3.6-flash', 'MINIMAL', false],
    ['gemini-3.5-flash', 'MINIMAL', false],
    ['gemini-3.5-flash-lite', 'MINIMAL', false],
    ['gemini-3.1-flash-lite', 'MINIMAL', true],
    ['gemini-3.1-pro-preview', 'LOW', true],
  ])('%s thinks on the lowest level it allows', (name, thinkingLevel, temperature) => {
    expect(profileFor(name)).toMatchObject({ parameters: { thinkingLevel }, temperature });
  });

  test('never sends a level and a budget of thinking together', () => {
    for (const { profile } of families)
      expect('thinkingLevel' in profile.parameters && 'thinkingBudget' in profile.parameters, profile.family).toBe(false);
  });

  test('has each family once, with its source', () => {
    const names = families.map(({ profile }) => profile.family);

    expect(new Set(names).size).toBe(names.length);
    for (const { source } of families) expect(source.length).toBeGreaterThan(20);
    for (const name of names) expect(profileByName(name)?.family).toBe(name);
  });

  test('every family that writes pixels gets the size of its image, which is bounded', () => {
    for (const { profile } of families.filter((row) => row.profile.box.scale === 'pixels')) {
      expect(profile.stateSize, profile.family).toBe(true);
      expect(profile.image.maxPixels, profile.family).toBeDefined();
    }
  });

  test('asks for a schema where the form is an object, and for words elsewhere', () => {
    for (const { profile } of families) expect(profile.tier, profile.family).toBe(profile.form === 'object' ? 'schema' : 'text');
  });

  test.each([
    ['xyxy-1000', { key: 'bbox_2d', order: 'xyxy', scale: 1000 }],
    ['yxyx-1000', { key: 'box_2d', order: 'yxyx', scale: 1000 }],
    ['yxyx-1000-bbox', { key: 'bbox', order: 'yxyx', scale: 1000 }],
    ['xyxy-1', { key: 'bbox_2d', order: 'xyxy', scale: 1 }],
    ['xyxy-pixels', { key: 'bbox_2d', order: 'xyxy', scale: 'pixels' }],
  ])('reads the convention %s', (coordinates, box) => {
    const profile = parseCoordinates(coordinates);

    expect(profile?.box).toEqual(box);
    expect(parseCoordinates(profile?.family ?? '')).toEqual(profile);
  });

  test.each(['', 'auto', 'xyxy', 'xyxy-7', 'cxcywh-1000', 'xyxy-1000-box 2d', 'qwen3-vl'])('"%s" is no convention', (coordinates) => {
    expect(parseCoordinates(coordinates)).toBeUndefined();
  });

  test('gives a bare pixel convention an image that servers leave alone', () => {
    expect(parseCoordinates('xyxy-pixels')).toMatchObject({ stateSize: true, image: { multipleOf: 28 } });
    expect(unknownProfile.box.scale).toBe(1000);
  });

  const overridden = (name: string, coordinates: string) => overriddenProfile(coordinates, profileFor(name));

  test.each([
    ['gemini-3.5-flash', 'yxyx-1000'],
    ['gpt-5.4', 'xyxy-pixels'],
    ['qwen2.5vl:7b', 'xyxy-pixels-bbox_2d'],
    ['OpenGVLab/InternVL3_5-8B', 'xyxy-1000'],
  ])('leaves %s as it is where vlm.coordinates is its own convention %s', (name, coordinates) => {
    expect(overridden(name, coordinates)).toEqual(profileFor(name));
  });

  test.each([
    ['gemini-3.5-flash', 'xyxy-1000', { key: 'box_2d', order: 'xyxy', scale: 1000 }],
    ['gemini-3.5-flash', 'yxyx-1000-box', { key: 'box', order: 'yxyx', scale: 1000 }],
    ['OpenGVLab/InternVL3_5-8B', 'xyxy-1', { key: 'bbox_2d', order: 'xyxy', scale: 1 }],
    ['Qwen/Qwen3.5-9B', 'xyxy-1024', { key: 'bbox_2d', order: 'xyxy', scale: 1024 }],
  ])('changes nothing of %s by %s but how boxes are written', (name, coordinates, box) => {
    const profile = overridden(name, coordinates);

    expect(profile).toEqual({ ...profileFor(name), family: `${box.order}-${box.scale}-${box.key}`, box });
    // Workers of a run get the family name.
    expect(overridden(name, profile.family)).toEqual(profile);
  });

  test('an override to pixels bounds the image and states its size, with the formats of the family', () => {
    const gemini = profileFor('gemini-3.5-flash');

    expect(overridden('gemini-3.5-flash', 'xyxy-pixels')).toMatchObject({
      stateSize: true,
      form: 'object',
      image: { ...gemini?.image, multipleOf: 28, maxPixels: 1280 * 28 * 28 },
    });
    expect(overridden('gpt-5.4', 'yxyx-pixels').image).toEqual(profileFor('gpt-5.4')?.image);
  });

  test('an override from pixels drops the size of the image', () => {
    expect(overridden('qwen2.5vl:7b', 'xyxy-1000')).toEqual({
      ...profileFor('qwen2.5vl:7b'),
      family: 'xyxy-1000-bbox_2d',
      box: { key: 'bbox_2d', order: 'xyxy', scale: 1000 },
      stateSize: false,
    });
  });

  test('an invalid vlm.coordinates is an error that names the valid forms', () => {
    for (const name of ['gpt-5.4', 'my-own-model'])
      expect(() => overridden(name, 'cxcywh-1000')).toThrow(/expected a convention like xyxy-1000/);
  });

  test('the expected profile follows the name, and for grounding vlm.coordinates', () => {
    const expected = (step: 'extraction' | 'grounding', coordinates: string, name: string) =>
      expectedProfile(step, { coordinates }, name).family;

    expect(expected('grounding', 'auto', 'gpt-5.4')).toBe('gpt-5.4');
    expect(expected('grounding', 'internvl', 'gpt-5.4')).toBe('internvl');
    expect(expected('extraction', 'internvl', 'gpt-5.4')).toBe('gpt-5.4');
    expect(expected('grounding', 'auto', 'my-own-model')).toBe('unknown');
  });
});
