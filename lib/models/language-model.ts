import { SampleError } from '#core/errors.ts';
import type { ModelProfile, Tier } from '#core/model-profile.ts';
import type { ModelReply, ModelRequest, VisionLanguageModel } from '#core/ports.ts';
import { addUsage, noUsage } from '#core/usage.ts';
import type { ModelAdapter } from './adapters/adapter.ts';
import { CallError } from './adapters/call-error.ts';
import type { EndpointCapabilities } from './endpoint-capabilities.ts';
import { type Pacer, PRECEDENCE } from './pacing/pacer.ts';
import { type RetryOptions, retryCall } from './pacing/retry-call.ts';
import { lowestTier, nextLowerTier, rejectsTier, structuredFault } from './structured-output.ts';

export interface LanguageModelOptions {
  readonly adapter: ModelAdapter;
  readonly profile: ModelProfile;
  readonly capabilities: EndpointCapabilities;
  readonly pacer: Pacer;
  readonly retry: RetryOptions;
  readonly attemptMiddleware?: AttemptMiddleware | undefined;
}

/** Wraps every attempt after its turn in the queue: may throw to prevent the attempt, and can count the attempts in flight. */
export type AttemptMiddleware = (
  send: () => Promise<ModelReply>,
  model: Pick<ModelAdapter, 'backend' | 'model' | 'serviceTier'>,
) => Promise<ModelReply>;

/** A tier with this many failed replies is downgraded permanently: three, and one in twenty. */
const FAULTS = 3;
const FAULT_SHARE = 0.05;

/**
 * The VLM port over one adapter, with pacing, retries and the highest structured-output tier that works.
 * A rejected tier is not used again. A reply that violates its tier is requested again on the next lower one.
 */
export function createLanguageModel(options: LanguageModelOptions): VisionLanguageModel {
  const { adapter, profile, capabilities, pacer, retry, attemptMiddleware = (send) => send() } = options;
  const countsByTier: Record<Tier, { replies: number; faults: number }> = {
    schema: { replies: 0, faults: 0 },
    json: { replies: 0, faults: 0 },
    text: { replies: 0, faults: 0 },
  };

  const downgradeTier = (tier: Tier) => capabilities.update({ tier: lowestTier(capabilities.current.tier, nextLowerTier(tier)) });

  const send = (request: ModelRequest, tier: Tier, signal: AbortSignal) => {
    const precedence = request.task.kind === 'extract' ? PRECEDENCE.first : PRECEDENCE.following;
    const attempt = () => attemptMiddleware(() => adapter.send({ request, tier, profile }, signal), adapter);
    return retryCall((isRetry) => pacer.run(attempt, isRetry ? PRECEDENCE.retry : precedence, signal), retry, signal);
  };

  /** The reply; `undefined` when the server rejects this tier. */
  const sendOnTier = async (request: ModelRequest, tier: Tier, signal: AbortSignal): Promise<ModelReply | undefined> => {
    try {
      return await send(request, tier, signal);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (tier !== 'text' && rejectsTier(error.message)) return undefined;
      const code = /image|media|pixel|picture/i.test(error.message) ? 'image_refused' : 'model_error';
      throw new SampleError(code, error.message, { cause: error });
    }
  };

  return {
    backend: adapter.backend,
    model: adapter.model,
    async ask(request, signal) {
      let usage = noUsage;
      let tier = lowestTier(request.tier, capabilities.current.tier);
      if (tier === request.avoidTier) tier = nextLowerTier(tier);
      for (;;) {
        const reply = await sendOnTier(request, tier, signal);
        if (reply) {
          usage = addUsage(usage, reply.usage);
          const counts = countsByTier[tier];
          counts.replies += 1;
          if (!structuredFault(reply, request.schema)) return { ...reply, usage };
          counts.faults += 1;
          if (counts.faults >= FAULTS && counts.faults >= FAULT_SHARE * counts.replies) downgradeTier(tier);
        } else downgradeTier(tier);
        tier = nextLowerTier(tier);
      }
    },
  };
}
