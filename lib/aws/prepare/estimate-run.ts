import { isPrivateHost } from '#core/hosts/model-hosts.ts';
import type { Settings } from '#core/settings.ts';
import { assumptions, extractionUsage, groundingUsage, imageTokens, promptTokens } from '#models/cost/estimate-usage.ts';
import { costUsd } from '#models/cost/prices.ts';
import { expectedProfile } from '#models/profiles/profiles.ts';
import { findServiceTier, findStepModel } from '#models/step-model.ts';

export interface RunEstimate {
  readonly calls: number;
  /** Absent if a price is unknown. */
  readonly costUsd?: number;
  /** Sum of the known costs. */
  readonly knownUsd: number;
  /** A billed model of unknown price. */
  readonly unpriced?: string;
}

/** Size of a photograph in pixels, and characters of a caption. A run on AWS does not measure them in advance. */
const USUAL_SIZE = { width: 1024, height: 768 };
const USUAL_CAPTION = 120;

/** Samples with a model call, by step. Equal lines count once; lines with given expressions need no extraction. */
export interface AskedSamples {
  readonly extraction: number;
  readonly grounding: number;
}

/**
 * The cost of a run without checkpoints, at a time in milliseconds since 1970.
 * A host is billed unless it is private or one of the environment's own servers.
 */
export function estimateRun(settings: Settings, asked: AskedSamples, at: number, ownHosts: readonly string[]): RunEstimate {
  const { workflow, vlm } = settings;
  const steps = workflow.steps.map((step) => {
    const kind = step === '0' ? ('extraction' as const) : ('grounding' as const);
    const { model, host } = findStepModel(vlm, kind) ?? { model: '', host: 'localhost' };
    const resolution = kind === 'extraction' ? vlm.gemini.media_resolution : 'MEDIA_RESOLUTION_HIGH';
    const profile = expectedProfile(kind, vlm, model);
    const input = {
      samples: asked[kind],
      promptTokens: promptTokens(kind, settings, profile),
      imageTokens: imageTokens(model, USUAL_SIZE, profile, vlm[kind].media_resolution ?? resolution),
      captionCharacters: USUAL_CAPTION,
    };
    const usage =
      kind === 'extraction'
        ? extractionUsage(input, assumptions.likely)
        : groundingUsage(input, assumptions.likely, profile.expressionsPerCall);
    const cost = costUsd({ model, serviceTier: findServiceTier(vlm, kind) }, usage, at);
    return { calls: usage.calls, cost, model, isBilled: !isPrivateHost(host) && !ownHosts.includes(host) };
  });
  const calls = steps.reduce((sum, step) => sum + step.calls, 0);
  const knownUsd = steps.reduce((sum, { cost = 0 }) => sum + cost, 0);
  const unknown = steps.filter(({ cost }) => cost === undefined);
  const unpriced = unknown.find((step) => step.isBilled)?.model;
  return {
    calls,
    knownUsd,
    costUsd: unknown.length === 0 ? knownUsd : undefined,
    unpriced,
  };
}
