import { type FamilyRow, nativeList, qwenBox, smartResizedImages } from './family-row.ts';

/** Turns thinking off in the chat template, for vLLM and SGLang. */
const noThinking = { chat_template_kwargs: { enable_thinking: false } };

/** Boxes in pixels of the image that the server resized. It gets an image that it does not resize. */
const smartResized = { box: { ...qwenBox, scale: 'pixels' }, stateSize: true, image: smartResizedImages, expressionsPerCall: 4 } as const;

const tags = { ...nativeList, form: 'tags', expressionsPerCall: 1 } as const;

export const openFamilies: readonly FamilyRow[] = [
  {
    names: /intern-?vl/,
    source: 'InternVL grounding evaluation: <ref>…</ref><box>[[…]]</box>',
    profile: { ...tags, family: 'internvl', box: qwenBox },
  },
  {
    names: /cosmos[-_]?reason(?:er)?[-_]?1(?!\.?\d|b)/,
    source: 'a Qwen2.5-VL by its model card; its boxes are not documented, so a localisation check matters',
    profile: { ...nativeList, ...smartResized, family: 'cosmos-reason1' },
  },
  {
    names: /cosmos[-_]?reason(?:er)?[-_]?2(?!\.?\d|b)/,
    source: 'nvidia-cosmos/cosmos-reason2 prompts: bbox_2d; Qwen3-VL vision code',
    profile: {
      ...nativeList,
      family: 'cosmos-reason2',
      box: qwenBox,
      expressionsPerCall: 4,
      retrySentence: 'Locate the bounding box of {object}. Return a json.',
    },
  },
  {
    names: /cosmos[-_]?(?:reason(?:er)?[-_]?)?3(?!\.?\d|b)/,
    source: 'NVIDIA/cosmos cookbooks, 2026-06-13: bbox_2d and label, 0–1000 on each axis',
    profile: { ...nativeList, family: 'cosmos-3', box: qwenBox, expressionsPerCall: 4 },
  },
  {
    names: /mimo[-_]?vl/,
    source: 'lmms-eval groundingme, 2026-08-06: pixels after a smart resize of 8 to 4,096 patches of 28',
    profile: { ...nativeList, ...smartResized, family: 'mimo-vl' },
  },
  {
    names: /qwen[-_ ]?2[._-]?5[-_ ]?vl/,
    source: 'QwenLM/Qwen3-VL finetune tool "Convert original bbox into the training format"; issues 676, 769, 1035',
    profile: { ...nativeList, ...smartResized, family: 'qwen2.5-vl' },
  },
  {
    names: /qwen[-_ ]?2[-_ ]?vl/,
    source: 'QwenLM/Qwen3-VL finetune tool: Qwen2-VL writes 0–1000',
    profile: { ...nativeList, family: 'qwen2-vl', box: qwenBox, expressionsPerCall: 4 },
  },
  {
    names: /qwen[-_ ]?3[-_ ]?vl/,
    source: 'QwenLM/Qwen3-VL cookbook "2D grounding"; vllm-project/vllm#38696 on schemas',
    profile: { ...nativeList, family: 'qwen3-vl', box: qwenBox, expressionsPerCall: 8 },
  },
  {
    names: /qwen[-_ ]?3[._][5-9](?!\d*b)/,
    source: 'as Qwen3-VL, whose vision code it shares; thinking can be turned off',
    profile: { ...nativeList, family: 'qwen3.5', box: qwenBox, expressionsPerCall: 8, parameters: noThinking },
  },
  {
    names: /glm[-_]?\d[._]\d+v(?![a-z])/,
    source: 'zai-org/GLM-V README, 0–1000; blocks may repeat (FindIt, arXiv 2606.04282)',
    profile: {
      ...nativeList,
      family: 'glm-4v',
      box: qwenBox,
      expressionsPerCall: 4,
      parameters: { ...noThinking, thinking: { type: 'disabled' } },
    },
  },
  {
    names: /deepseek[-_]?vl[-_]?2(?!\.?\d|b)/,
    source: 'roboflow/supervision 0.27 from_vlm: <|ref|>…<|/ref|><|det|>[[…]]<|/det|>, 0–999',
    profile: { ...tags, family: 'deepseek-vl2', box: { ...qwenBox, scale: 999 } },
  },
  {
    names: /florence[-_]?2(?!\.?\d|b)/,
    source: 'roboflow/supervision 0.27 from_vlm: <loc_n> tokens, a 1000th of each side',
    profile: { ...tags, family: 'florence-2', box: qwenBox },
  },
  {
    names: /kosmos[-_]?2(?!\.?\d|b)/,
    source: 'Kosmos-2 paper: cells of a 32 × 32 grid, which its post-processor turns into 0–1',
    profile: { ...tags, family: 'kosmos-2', box: { ...qwenBox, scale: 1 } },
  },
  {
    names: /moondream/,
    source: 'roboflow/supervision 0.27 from_vlm: x_min … y_max, 0–1',
    profile: { ...nativeList, family: 'moondream', box: { ...qwenBox, key: 'bbox', scale: 1 }, expressionsPerCall: 1 },
  },
];
