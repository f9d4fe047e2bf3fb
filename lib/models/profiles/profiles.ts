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
 * What `vlm.coordinates` makes of a model: a profile's name replaces everything, a bare convention only how boxes are written.
 * `named` is what is known of the model by its name. Throws `UsageError`.
 */
export function overriddenProfile(coordinates: string, named: ModelProfile | undefined): ModelProfile {
  const profile = profileByName(coordinates) ?? (named ? rewritten(named, coordinates) : parseCoordinates(coordinates));
  if (profile) return profile;
  throw new UsageError(
    `vlm.coordinates is "${coordinates}"; it wants a convention like xyxy-1000, yxyx-1000 or xyxy-pixels, or a profile's name`,
  );
}

function rewritten(profile: ModelProfile, coordinates: string): ModelProfile | undefined {
  const convention = readConvention(coordinates);
  if (!convention) return undefined;
  const box: BoxConvention = { ...convention, key: convention.key ?? profile.box.key };
  return isDeepStrictEqual(box, profile.box) ? profile : withBox(profile, box);
}

/** The profile that a step speaks to a model by, as far as settings and the model's name tell: without asking its server. */
export function expectedProfile(step: StepKind, { coordinates }: Pick<VlmSettings, 'coordinates'>, modelName = ''): ModelProfile {
  const named = profileFor(modelName);
  return (step === 'grounding' && coordinates !== 'auto' ? overriddenProfile(coordinates, named) : named) ?? unknownProfile;
}

/** The same model writing its boxes another way. Its family becomes the convention's name, which makes the same of the same model again. */
function withBox(profile: ModelProfile, box: BoxConvention): ModelProfile {
  const inPixels = box.scale === 'pixels';
  const resized = inPixels && profile.box.scale !== 'pixels';
  return {
    ...profile,
    family: `${box.order}-${box.scale}-${box.key}`,
    box,
    stateSize: inPixels,
    // Pixels mean something only where the server leaves the image as it was sent.
    image: resized ? { ...profile.image, ...leftAloneSizes } : profile.image,
  };
}
