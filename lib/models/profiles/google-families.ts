import type { ModelProfile } from '#core/model-profile.ts';
import { type FamilyRow, geminiBox, geminiImages, nativeList, schemaObject } from './family-row.ts';

const gemini: Omit<ModelProfile, 'family' | 'parameters' | 'temperature'> = {
  ...schemaObject,
  box: geminiBox,
  expressionsPerCall: 12,
  stateSize: false,
  image: geminiImages,
};

/** The lowest thinking level of a model, for both wire formats: thinking only adds time and cost to boxes. */
const thinking = (level: 'MINIMAL' | 'LOW') => ({ thinkingLevel: level, reasoning_effort: level.toLowerCase() });

const SPATIAL = 'Google cookbook "2D spatial understanding with Gemini", 2026-08-07';

/**
 * Google's models. From Gemini 3.5 on a temperature is ignored and will be rejected ("What's new in Gemini 3.7 Flash", 2026-08-13);
 * levels of thinking by vendor pages read 2026-10-05. Whether a schema helps: coco-gemini, 2026-01-28 (3.x and 2.5 pro yes, 2.5 flash no).
 */
export const googleFamilies: readonly FamilyRow[] = [
  {
    names: /gemini-2\.5-pro/,
    source: SPATIAL,
    profile: {
      ...gemini,
      family: 'gemini-2.5-pro',
      parameters: { thinkingBudget: 128, reasoning_effort: 'low' },
      temperature: true,
    },
  },
  {
    names: /gemini-2\.5/,
    source: SPATIAL,
    profile: {
      ...gemini,
      ...nativeList,
      family: 'gemini-2.5-flash',
      image: geminiImages,
      scores: true,
      parameters: { thinkingBudget: 0, reasoning_effort: 'none' },
    },
  },
  {
    names: /gemini-[12](?!\d)/,
    source: SPATIAL,
    profile: { ...gemini, ...nativeList, family: 'gemini-2', image: geminiImages, scores: true },
  },
  {
    names: /gemini-3(?:\.[01])?-pro/,
    source: SPATIAL,
    profile: { ...gemini, family: 'gemini-3-pro', parameters: thinking('LOW'), temperature: true },
  },
  {
    names: /gemini-3(?:\.[01])?-flash/,
    source: SPATIAL,
    profile: { ...gemini, family: 'gemini-3-flash', parameters: thinking('MINIMAL'), temperature: true },
  },
  {
    names: /gemini-3\.[56]-flash/,
    source: SPATIAL,
    profile: { ...gemini, family: 'gemini-3.5-flash', parameters: thinking('MINIMAL'), temperature: false },
  },
  {
    // The newest models reject MINIMAL, so future ones get LOW.
    names: /gemini/,
    source: SPATIAL,
    profile: { ...gemini, family: 'gemini', parameters: thinking('LOW'), temperature: false },
  },
  {
    names: /gemma-?4(?!\.?\d|b)/,
    source: 'FindIt (arXiv 2606.04282), format "standard"; order and fences by public regression tests for Gemma 4 boxes',
    profile: { ...nativeList, family: 'gemma-4', box: geminiBox, expressionsPerCall: 6 },
  },
  {
    names: /paligemma/,
    source: 'roboflow/supervision 0.27 from_vlm: <loc0000> tokens, a 1024th of each side',
    profile: {
      ...nativeList,
      family: 'paligemma',
      form: 'tags',
      box: { key: 'box_2d', order: 'yxyx', scale: 1024 },
      expressionsPerCall: 1,
    },
  },
];
