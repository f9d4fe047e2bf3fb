import type { ModelProfile } from '#core/model-profile.ts';
import { type FamilyRow, hostedImages, pixelBox, schemaObject } from './family-row.ts';

/** OpenAI's and Anthropic's models answer in pixels of the image they see. They get an image that they do not resize, and its size in the prompt. */
const pixels: Omit<ModelProfile, 'family' | 'image' | 'parameters'> = {
  ...schemaObject,
  box: pixelBox,
  expressionsPerCall: 12,
  stateSize: true,
  temperature: false,
};

/** Detail "original" keeps 10,000 patches of 32 pixels. Four megapixels are 4,096 of them, enough for small things. */
const originalDetail = hostedImages(2048, 2048 * 2048);
/** 1,536 patches; patches cut by an edge count fully. */
const smallModelDetail = hostedImages(2048, 1_450_000);
/** Fitted into 2048 pixels, then to a short side of 768: below that nothing is resized. */
const tiledDetail = hostedImages(768, 768 * 768);

const GPT54 = 'FindIt (arXiv 2606.04282), format "no_rescale"; Microsoft Foundry blog, 2026-04-23; OpenAI "Images and vision"';
const OLDER = 'OpenAI "Images and vision"; poor at boxes: RefCOCO 66.8 (Qwen3-VL report), arXiv 2507.01955';

export const hostedFamilies: readonly FamilyRow[] = [
  {
    names: /gpt-5\.[4-9]-(?:mini|nano)/,
    source: GPT54,
    profile: { ...pixels, family: 'gpt-5.4-mini', image: smallModelDetail, parameters: { detail: 'high', reasoning_effort: 'none' } },
  },
  {
    names: /gpt-5\.[4-9](?!\d|b)|gpt-6-luna/,
    source: GPT54,
    profile: { ...pixels, family: 'gpt-5.4', image: originalDetail, parameters: { detail: 'original', reasoning_effort: 'none' } },
  },
  {
    names: /gpt-5\.[1-3](?!\d|b)/,
    source: OLDER,
    profile: { ...pixels, family: 'gpt-5.1', image: tiledDetail, parameters: { detail: 'high', reasoning_effort: 'none' } },
  },
  {
    names: /(?<!mini)gpt-5(?![\d.b])/,
    source: OLDER,
    profile: { ...pixels, family: 'gpt-5', image: tiledDetail, parameters: { detail: 'high', reasoning_effort: 'minimal' } },
  },
  {
    names: /gpt-4o|gpt-4\.1/,
    source: OLDER,
    profile: { ...pixels, family: 'gpt-4o', image: tiledDetail, parameters: { detail: 'high' }, temperature: true },
  },
  {
    // Some GPT-6 models cannot disable reasoning, so future ones get low.
    names: /gpt-[6-9](?!\d|\.?\d*b)/,
    source: GPT54,
    profile: { ...pixels, family: 'gpt-6', image: originalDetail, parameters: { detail: 'original', reasoning_effort: 'low' } },
  },
  {
    names: /claude/,
    source: 'Claude docs "Coordinates and bounding boxes" and "Vision": resized above 1568 pixels or 1,568 patches of 28',
    profile: {
      ...pixels,
      family: 'claude',
      expressionsPerCall: 10,
      image: hostedImages(1568, 1_150_000),
      parameters: {},
      temperature: true,
    },
  },
];
