import { RunStopError } from '#core/errors.ts';
import type { ModelProfile } from '#core/model-profile.ts';
import type { VisionLanguageModel } from '#core/ports.ts';
import type { VlmSettings } from '#core/settings.ts';
import type { ModelAdapter } from '../adapters/adapter.ts';
import type { EndpointCapabilities } from '../endpoint-capabilities.ts';
import type { StepModel } from '../step-model.ts';
import { findConvention } from './calibrate.ts';
import { overriddenProfile, parseCoordinates, profileByName, profileFor, unknownProfile } from './profiles.ts';

export interface ProfileQuestion {
  readonly vlm: VlmSettings;
  readonly model: StepModel;
  readonly adapter: ModelAdapter;
  readonly capabilities: EndpointCapabilities;
  /** The port with requests in the form of this profile. */
  readonly createModelFor: (profile: ModelProfile) => VisionLanguageModel;
  readonly notice: (message: string) => void;
}

/** A profile, and a check for the time before the first model call. A run with only reused replies makes no call, so no check either. */
export interface ChosenProfile {
  readonly profile: ModelProfile;
  readonly check?: ((signal: AbortSignal) => Promise<void>) | undefined;
}

/** The profile of a model: from the settings, else from its name, else from the model behind its alias, else from two test pictures. */
export async function chooseProfile(question: ProfileQuestion, signal: AbortSignal): Promise<ChosenProfile> {
  const { vlm, model, capabilities, notice } = question;
  const remembered = fromName(capabilities.current.profile);
  const named = await namedProfile(question, signal);
  if (vlm.coordinates !== 'auto') return { profile: overriddenProfile(vlm.coordinates, named) };
  if (named) {
    const doubted = model.selfHosted && vlm.localisation_check === 'auto' && remembered?.family !== named.family;
    return { profile: named, check: doubted ? (aborted) => checkKnown(question, named, aborted) : undefined };
  }
  if (remembered) return { profile: remembered };
  if (vlm.localisation_check === 'off') {
    notice(`${model.target.model} is not a known model and vlm.localisation_check is off: its boxes are read as ${unknownProfile.family}`);
    return { profile: unknownProfile };
  }
  return { profile: await probe(question, signal) };
}

/** The profile by the model's name, or by the name that the server lists behind it. The only request is `/models`. */
export async function namedProfile(
  { model, adapter }: Pick<ProfileQuestion, 'model' | 'adapter'>,
  signal: AbortSignal,
): Promise<ModelProfile | undefined> {
  const named = profileFor(model.target.model);
  if (named || model.backend === 'gemini') return named;
  const listed = await adapter.listModels(signal).catch((error) => {
    signal.throwIfAborted();
    if (error instanceof RunStopError && error.reason === 'unauthorized') throw error;
    return [];
  });
  const served = listed.find(({ id }) => id === model.target.model);
  return [served?.root, served?.parent].map((name) => name && profileFor(name)).find(Boolean) || undefined;
}

const fromName = (name: string | undefined) => (name ? (profileByName(name) ?? parseCoordinates(name)) : undefined);

/** Some servers shipped known families with broken localisation. This is a warning and no error, because the check can be wrong. */
async function checkKnown(
  { model, createModelFor, capabilities, notice }: ProfileQuestion,
  profile: ModelProfile,
  signal: AbortSignal,
): Promise<void> {
  const found = await findConvention(createModelFor(profile), [profile], signal);
  if (found) capabilities.update({ profile: profile.family });
  else
    notice(
      `WARNING: ${model.target.model} at ${model.target.endpoint} does not find plain rectangles in test pictures, which ${profile.family} should. ` +
        'Boxes will probably be wrong: try another server version, set vlm.coordinates, or look at a --pilot report first.',
    );
}

async function probe({ model, createModelFor, capabilities, notice }: ProfileQuestion, signal: AbortSignal): Promise<ModelProfile> {
  const { target } = model;
  const found = await findConvention(createModelFor(unknownProfile), undefined, signal);
  if (!found)
    throw new RunStopError(
      'convention_unknown',
      `${target.model} at ${target.endpoint} is not a known model, and its boxes around two test pictures fit no convention (IoU below 0.7): ` +
        'set vlm.coordinates if you know how it writes boxes, or use a model that can localise',
    );
  notice(`${target.model} is not a known model; two test pictures show that it writes boxes as ${found.family}`);
  capabilities.update({ profile: found.family });
  return found;
}
