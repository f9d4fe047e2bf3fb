import { hash } from 'node:crypto';
import type { ModelProfile } from '#core/model-profile.ts';
import type { StepName, VisionLanguageModel } from '#core/ports.ts';
import { withoutSecrets } from '#core/secrets/redact-secrets.ts';
import type { Settings } from '#core/settings.ts';
import { stepNames } from '#core/step-names.ts';
import { composePromptId } from './prompt-id.ts';

/** The parts of a connection that determine replies. */
interface FingerprintedModel {
  readonly model: Pick<VisionLanguageModel, 'backend' | 'model'>;
  readonly profile: ModelProfile;
}

/**
 * Hashes everything that determines the replies of a step for one sample.
 * Settings without an effect on replies (workers, limits, timeouts, server address, expressions per call) are not included.
 */
export type Fingerprinting = (imageIdentity: string, subject: readonly unknown[]) => string;

const cache = new WeakMap<object, Partial<Record<StepName, { readonly settings: Settings; readonly make: Fingerprinting }>>>();

/** Creates the fingerprint function of a step. The part that all samples share is hashed once. */
export function createFingerprints(step: StepName, connection: FingerprintedModel, settings: Settings): Fingerprinting {
  const steps = cache.get(connection) ?? {};
  cache.set(connection, steps);
  const cached = steps[step];
  if (cached?.settings === settings) return cached.make;
  const shared = hash('sha256', JSON.stringify(sharedParts(step, connection, settings)));
  const make: Fingerprinting = (imageIdentity, subject) => hash('sha256', JSON.stringify([shared, imageIdentity, subject]));
  steps[step] = { settings, make };
  return make;
}

function sharedParts(step: StepName, { model, profile }: FingerprintedModel, settings: Settings): unknown[] {
  const { box, form, scores, image, parameters, temperature } = profile;
  const asked = [step, composePromptId(step, profile, settings), model.backend, model.model];
  const limit = step === 'step_0' ? settings.extraction.max_expressions : settings.grounding.max_instances;
  return [...asked, limit, { box, form, scores, image, parameters }, samplingParameters(step, model.backend, temperature, settings.vlm)];
}

/** The sampling parameters of the spec that change replies. */
function samplingParameters(
  step: StepName,
  backend: VisionLanguageModel['backend'],
  takesTemperature: boolean,
  vlm: Settings['vlm'],
): unknown {
  if (backend === 'builtin') return {};
  const override = vlm[stepNames[step].role];
  const { temperature, extra_body } = { ...vlm[backend], ...override[backend] };
  // Without secrets, as in run.json: a retry reads its settings from there.
  const own = { temperature: takesTemperature ? temperature : undefined, extra_body: withoutSecrets(extra_body) };
  if (backend === 'openai') return own;
  const spec = step === 'step_0' ? (override.gemini?.media_resolution ?? vlm.gemini.media_resolution) : override.gemini?.media_resolution;
  return { ...own, media_resolution: override.media_resolution ?? spec ?? 'MEDIA_RESOLUTION_HIGH' };
}
