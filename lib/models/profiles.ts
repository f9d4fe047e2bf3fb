import type { BoxConvention, BoxScale, ModelProfile } from '#core/profile.ts';
import { type FamilyRow, nativeList, openModelImages, qwenBox, smartResizedImages } from './profiles/family-row.ts';
import { googleFamilies } from './profiles/google-families.ts';
import { hostedFamilies } from './profiles/hosted-families.ts';
import { openFamilies } from './profiles/open-families.ts';

/**
 * Every model family that writes boxes. The first row that knows a name has it, so narrow rows stand before wide ones, and open
 * families before hosted ones: fine-tuners name the teacher behind the model ("Qwen3.5-27B-Claude-4.6-Opus-Reasoning-Distilled").
 * Families that write none (Molmo's points, Gemma 3, Pixtral, SmolVLM, Llama, LLaVA) or whose way is not published (Nemotron) have no row: they are probed.
 */
export const families: readonly FamilyRow[] = [...openFamilies, ...googleFamilies, ...hostedFamilies];

/** A model nothing is known of: spoken to as most open models want it. */
export const unknownProfile: ModelProfile = {
  ...nativeList,
  family: 'unknown',
  box: qwenBox,
  expressionsPerCall: 4,
};

/** The profile of the family that a model's name belongs to, whatever gateways, quantisers and fine-tuners added to it. */
export function profileFor(modelName: string): ModelProfile | undefined {
  const name = modelName.toLowerCase();
  return families.find(({ names }) => names.test(name))?.profile;
}

/** The profile of a family by the family's own name, as `vlm.coordinates` may give it. */
export function profileByName(family: string): ModelProfile | undefined {
  return families.find(({ profile }) => profile.family === family)?.profile;
}

const SCALES: readonly BoxScale[] = ['pixels', 1, 100, 999, 1000, 1023, 1024];

/** A bare convention as a profile: `order-scale[-key]`, e.g. `xyxy-1000`, `yxyx-1000-box_2d`, `xyxy-pixels`. */
export function parseCoordinates(coordinates: string): ModelProfile | undefined {
  const [, order, side, key] = /^(xyxy|yxyx)-(pixels|\d+)(?:-(\w+))?$/.exec(coordinates) ?? [];
  const scale = SCALES.find((known) => String(known) === side);
  if ((order !== 'xyxy' && order !== 'yxyx') || scale === undefined) return undefined;
  return profileOfConvention({ order, scale, key: key ?? (order === 'yxyx' ? 'box_2d' : 'bbox_2d') });
}

/** An otherwise unknown model that writes boxes this way. Its family is the convention's name, which `parseCoordinates` reads. */
export function profileOfConvention(box: BoxConvention): ModelProfile {
  const inPixels = box.scale === 'pixels';
  return {
    ...unknownProfile,
    family: `${box.order}-${box.scale}-${box.key}`,
    box,
    stateSize: inPixels,
    image: inPixels ? smartResizedImages : openModelImages,
  };
}
