import { isDeepStrictEqual } from 'node:util';
import { UsageError } from '#core/errors.ts';
import type { BoxConvention, BoxScale, ModelProfile } from '#core/model-profile.ts';
import type { VlmSettings } from '#core/settings.ts';
import type { StepKind } from '../step-endpoint.ts';
import { type FamilyRow, leftAloneSizes, nativeList, qwenBox } from './family-row.ts';
import { googleFamilies } from './google-families.ts';
import { hostedFamilies } from './hosted-families.ts';
import { openFamilies } from './open-families.ts';

/**
 * All model families that write boxes. The first matching row applies: narrow rows come before wide ones, and open families before
 * hosted ones, because fine-tuned models can name their teacher ("Qwen3.5-27B-Claude-4.6-Opus-Reasoning-Distilled").
 * Families without boxes (Molmo's points, Gemma 3, Pixtral, SmolVLM, Llama, LLaVA) or without a published convention (Nemotron) have no row: they are probed.
 */
export const families: readonly FamilyRow[] = [...openFamilies, ...googleFamilies, ...hostedFamilies];

/** The profile of an unknown model: the form that most open models use. */
export const unknownProfile: ModelProfile = {
  ...nativeList,
  family: 'unknown',
  box: qwenBox,
  expressionsPerCall: 4,
};

/** The profile of the family of a model name, including prefixes and suffixes of gateways, quantisers and fine-tuners. */
export function profileFor(modelName: string): ModelProfile | undefined {
  const name = modelName.toLowerCase();
  return families.find(({ names }) => names.test(name))?.profile;
}

/** The profile of a family by the family's own name, as `vlm.coordinates` may give it. */
export function profileByName(family: string): ModelProfile | undefined {
  return families.find(({ profile }) => profile.family === family)?.profile;
}

const SCALES: readonly BoxScale[] = ['pixels', 1, 100, 999, 1000, 1023, 1024];

type Convention = Omit<BoxConvention, 'key'> & { readonly key: string | undefined };

/** `order-scale[-key]`, e.g. `xyxy-1000`, `yxyx-1000-box_2d`, `xyxy-pixels`. */
function readConvention(coordinates: string): Convention | undefined {
  const [, order, side, key] = /^(xyxy|yxyx)-(pixels|\d+)(?:-(\w+))?$/.exec(coordinates) ?? [];
  const scale = SCALES.find((known) => String(known) === side);
  return (order !== 'xyxy' && order !== 'yxyx') || scale === undefined ? undefined : { order, scale, key };
}

/** A bare convention as the profile of an otherwise unknown model. */
export function parseCoordinates(coordinates: string): ModelProfile | undefined {
  const { order, scale, key } = readConvention(coordinates) ?? {};
  return order && scale && withBox(unknownProfile, { order, scale, key: key ?? (order === 'yxyx' ? 'box_2d' : 'bbox_2d') });
}

/**
 * Applies `vlm.coordinates`: the name of a profile replaces the profile, a bare convention replaces only the box convention.
 * `named` is the profile by the model's name. Throws `UsageError`.
 */
export function overriddenProfile(coordinates: string, named: ModelProfile | undefined): ModelProfile {
  const profile = profileByName(coordinates) ?? (named ? rewritten(named, coordinates) : parseCoordinates(coordinates));
  if (profile) return profile;
  throw new UsageError(
    `vlm.coordinates is "${coordinates}"; expected a convention like xyxy-1000, yxyx-1000 or xyxy-pixels, or the name of a profile`,
  );
}

function rewritten(profile: ModelProfile, coordinates: string): ModelProfile | undefined {
  const convention = readConvention(coordinates);
  if (!convention) return undefined;
  const box: BoxConvention = { ...convention, key: convention.key ?? profile.box.key };
  return isDeepStrictEqual(box, profile.box) ? profile : withBox(profile, box);
}

/** The profile of a step's model according to settings and model name, without a request to its server. */
export function expectedProfile(step: StepKind, { coordinates }: Pick<VlmSettings, 'coordinates'>, modelName = ''): ModelProfile {
  const named = profileFor(modelName);
  return (step === 'grounding' && coordinates !== 'auto' ? overriddenProfile(coordinates, named) : named) ?? unknownProfile;
}

/** The profile with another box convention. Its family becomes the name of the convention, so it can be recreated from that name. */
function withBox(profile: ModelProfile, box: BoxConvention): ModelProfile {
  const inPixels = box.scale === 'pixels';
  const resized = inPixels && profile.box.scale !== 'pixels';
  return {
    ...profile,
    family: `${box.order}-${box.scale}-${box.key}`,
    box,
    stateSize: inPixels,
    // Pixels are valid only where the server does not resize the image.
    image: resized ? { ...profile.image, ...leftAloneSizes } : profile.image,
  };
}
