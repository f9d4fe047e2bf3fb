import { hash } from 'node:crypto';
import type { ModelProfile } from '#core/model-profile.ts';
import type { StepName, VisionLanguageModel } from '#core/ports.ts';
import { withoutSecrets } from '#core/redact-secrets.ts';
import type { Settings } from '#core/settings.ts';
import { stepNames } from '#core/step-names.ts';
import { composePromptId } from './prompt-id.ts';

/** What of a step's model determines replies, besides the sample. */
interface FingerprintedModel {
  readonly model: Pick<VisionLanguageModel, 'backend' | 'model'>;
  readonly profile: ModelProfile;
}

/**
 * Hashes what determines the replies of a step for one sample. Settings that only steer the way to them
 * (workers, limits, time-outs, the address of the server, expressions per call) are not in it.
 */
export type Fingerprinting = (imageIdentity: string, subject: readonly unknown[]) => string;

const known = new WeakMap<object, Partial<Record<StepName, { readonly settings: Settings; readonly make: Fingerprinting }>>>();

/** The fingerprints of a step: what all of its samples share is hashed once. */
export function createFingerprints(step: StepName, connection: FingerprintedModel, settings: Settings): Fingerprinting {
  const steps = known.get(connection) ?? {};
  known.set(connection, steps);
  const before = steps[step];
  if (before?.settings === settings) return before.make;
  const shared = hash('sha256', JSON.stringify(sharedParts(step, connection, settings)));
  const make: Fingerprinting = (imageIdentity, subject) => hash('sha256', JSON.stringify([shared, imageIdentity, subject]));
  steps[step] = { settings, make };
  return make;
}

function sharedParts(step: StepName, { model, profile }: FingerprintedModel, settings: Settings): unknown[] {
  const { box, form, scores, image, parameters, temperature } = profile;
  const asked = [step, composePromptId(step, profile, settings), model.backend, model.model];
  const limit = step === 'step_0' ? settings.extraction.max_expressions : settings.grounding.max_instances;
  return [...asked, limit, { box, form, scores, image, parameters }, sampling(step, model.backend, temperature, settings.vlm)];
}

/** Parameters of the spec that change what a model says. */
function sampling(step: StepName, backend: VisionLanguageModel['backend'], takesTemperature: boolean, vlm: Settings['vlm']): unknown {
  if (backend === 'builtin') return {};
  const override = vlm[stepNames[step].role];
  const { temperature, extra_body } = { ...vlm[backend], ...override[backend] };
  // As run.json keeps it, by which a retry goes.
  const own = { ...(takesTemperature && { temperature }), extra_body: withoutSecrets(extra_body) };
  if (backend === 'openai') return own;
  const spec = step === 'step_0' ? (override.gemini?.media_resolution ?? vlm.gemini.media_resolution) : override.gemini?.media_resolution;
  return { ...own, media_resolution: override.media_resolution ?? spec ?? 'MEDIA_RESOLUTION_HIGH' };
}
