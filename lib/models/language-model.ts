import { SampleError } from '#core/errors.ts';
import type { ModelReply, ModelRequest, VisionLanguageModel } from '#core/ports.ts';
import type { ModelProfile, Tier } from '#core/profile.ts';
import { addUsage, noUsage } from '#core/usage.ts';
import type { ModelAdapter } from './adapter.ts';
import { CallError } from './call-error.ts';
import type { EndpointKnowledge } from './endpoint-memory.ts';
import { type Pacer, PRECEDENCE } from './pacer.ts';
import { type RetryOptions, tryAgain } from './retry.ts';
import { below, lower, rejectsTier, structuredFault } from './structured-output.ts';

export interface LanguageModelOptions {
  readonly adapter: ModelAdapter;
  readonly profile: ModelProfile;
  readonly knowledge: EndpointKnowledge;
  readonly pacer: Pacer;
  readonly retry: RetryOptions;
  readonly attempt?: AroundAttempt | undefined;
}

/** Makes an attempt whose turn has come, or throws to keep it from being made: the place to stop a run, and to know what is in flight. */
export type AroundAttempt = (
  send: () => Promise<ModelReply>,
  model: Pick<ModelAdapter, 'backend' | 'model' | 'serviceTier'>,
) => Promise<ModelReply>;

/** A tier that fails this often is given up for good: three times, and one reply in twenty. */
const FAULTS = 3;
const FAULT_SHARE = 0.05;

/**
 * The VLM port over one adapter: paced, tried again, and asked on the highest structured-output tier that works.
 * A tier that is rejected is not tried again; one that fails under status 200 is stepped down from for this question at once.
 */
export function createLanguageModel(options: LanguageModelOptions): VisionLanguageModel {
  const { adapter, profile, knowledge, pacer, retry, attempt = (send) => send() } = options;
  const seen: Record<Tier, { replies: number; faults: number }> = {
    schema: { replies: 0, faults: 0 },
    json: { replies: 0, faults: 0 },
    text: { replies: 0, faults: 0 },
  };

  const giveUp = (tier: Tier) => knowledge.learn({ tier: lower(knowledge.known.tier, below(tier)) });

  const send = (request: ModelRequest, tier: Tier, signal: AbortSignal) => {
    const precedence = request.task.kind === 'extract' ? PRECEDENCE.first : PRECEDENCE.following;
    const once = () => attempt(() => adapter.send({ request, tier, profile }, signal), adapter);
    return tryAgain((again) => pacer.run(once, again ? PRECEDENCE.retry : precedence, signal), retry, signal);
  };

  /** The reply, or the reason why this tier cannot give one. */
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
      let tier = lower(request.tier, knowledge.known.tier);
      if (tier === request.avoidTier) tier = below(tier);
      for (;;) {
        const reply = await sendOnTier(request, tier, signal);
        if (reply) {
          usage = addUsage(usage, reply.usage);
          const tally = seen[tier];
          tally.replies += 1;
          if (!structuredFault(reply, request.schema)) return { ...reply, usage };
          tally.faults += 1;
          if (tally.faults >= FAULTS && tally.faults >= FAULT_SHARE * tally.replies) giveUp(tier);
        } else giveUp(tier);
        tier = below(tier);
      }
    },
  };
}
