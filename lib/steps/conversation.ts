import { SampleError } from '#core/errors.ts';
import type { Tier } from '#core/model-profile.ts';
import type { ModelReply, SentImage, Usage, VisionLanguageModel } from '#core/ports.ts';
import { addUsage, noUsage } from '#core/usage.ts';
import type { Question } from './question.ts';

/** The calls of one step about one image. */
interface Conversation {
  /** Throws `SampleError` where the model declines to answer. */
  ask(question: Question, options?: AskOptions): Promise<ModelReply>;
  /** Tokens of the calls so far. */
  usage(): Usage;
}

export interface AskOptions {
  /** The structured-output tier on which the last reply failed. */
  readonly avoid?: Tier | undefined;
  /** The last reply reached its token limit, so this one gets a higher limit. */
  readonly cutOff?: boolean | undefined;
}

interface ConversationOptions {
  readonly model: VisionLanguageModel;
  readonly image: SentImage;
  readonly signal: AbortSignal;
  /** Runs before every call. Throws to prevent it. */
  readonly beforeCall?: (() => void | Promise<void>) | undefined;
}

/** Bytes of a bad reply that messages quote. */
const HEAD_BYTES = 500;

/** Factor of the token limit after a reply that was cut off. */
const MORE_TOKENS = 4;

/** Replies of each model, and how many of them were cut off. A model that always reasons needs the higher limit from the start, not a second call each time. */
const replyCounts = new WeakMap<VisionLanguageModel, { replies: number; cutOff: number }>();

export function openConversation({ model, image, signal, beforeCall }: ConversationOptions): Conversation {
  let usage = noUsage;
  const seen = replyCounts.get(model) ?? { replies: 0, cutOff: 0 };
  replyCounts.set(model, seen);
  return {
    usage: () => usage,
    async ask(question, { avoid, cutOff } = {}) {
      await beforeCall?.();
      const isOftenCutOff = seen.cutOff >= 3 && seen.cutOff >= 0.05 * seen.replies;
      const request = { ...question, image, maxTokens: question.maxTokens * (cutOff || isOftenCutOff ? MORE_TOKENS : 1) };
      // Starts at the failed tier: higher tiers failed before, or do not suit this question.
      const reply = await model.ask(avoid ? { ...request, tier: avoid, avoidTier: avoid } : request, signal);
      usage = addUsage(usage, reply.usage);
      seen.replies += 1;
      if (reply.finish === 'length') seen.cutOff += 1;
      if (reply.finish === 'filtered' || reply.finish === 'refused') throw composeDeclined(model.model, reply);
      return reply;
    },
  };
}

/** The first bytes of a reply, cut between characters. */
export function cutReplyHead(text: string): string {
  const head = Buffer.from(text.slice(0, HEAD_BYTES)).subarray(0, HEAD_BYTES).toString('utf8');
  return head.replace(/\uFFFD+$/, '');
}

function composeDeclined(model: string, { finish, finishDetail, text }: ModelReply): SampleError {
  const detail = finishDetail ? ` (${finishDetail})` : '';
  const head = text.trim() === '' ? {} : { replyHead: cutReplyHead(text) };
  return finish === 'filtered'
    ? new SampleError(
        'model_filtered',
        `a safety filter of ${model} withheld the reply${detail}: leave this sample out or use another model`,
        head,
      )
    : new SampleError('model_refused', `${model} declined to answer${detail}: leave this sample out or use another model`, head);
}
