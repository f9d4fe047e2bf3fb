import { SampleError } from '#core/errors.ts';
import type { Tier } from '#core/model-profile.ts';
import type { ModelReply, SentImage, Usage, VisionLanguageModel } from '#core/ports.ts';
import { addUsage, noUsage } from '#core/usage.ts';
import type { Question } from './question.ts';

/** The calls of one step about one image. Throws `SampleError` for a reply that the model declined to give. */
export interface Conversation {
  ask(question: Question, options?: AskOptions): Promise<ModelReply>;
  /** Tokens of the calls so far. */
  usage(): Usage;
}

export interface AskOptions {
  /** The tier on which the last reply went wrong. */
  readonly avoid?: Tier | undefined;
  /** The last reply ran out of tokens: more are needed than was thought. */
  readonly cutOff?: boolean;
}

export interface ConversationOptions {
  readonly model: VisionLanguageModel;
  readonly image: SentImage;
  readonly signal: AbortSignal;
  beforeCall?(): void | Promise<void>;
  onUsage?(model: string, usage: Usage): void;
}

/** Bytes of a bad reply that go into messages. */
const HEAD = 500;

/** A reply that was cut off is asked for again with so many times the tokens. */
const MORE = 4;

/** Replies of each model, and how many ran out of tokens: one that thinks unasked does so in every reply, and should not pay twice for each. */
const lengths = new WeakMap<VisionLanguageModel, { replies: number; cutOff: number }>();

export function openConversation({ model, image, signal, beforeCall, onUsage }: ConversationOptions): Conversation {
  let usage = noUsage;
  const seen = lengths.get(model) ?? { replies: 0, cutOff: 0 };
  lengths.set(model, seen);
  return {
    usage: () => usage,
    async ask(question, { avoid, cutOff } = {}) {
      await beforeCall?.();
      const isOftenCutOff = seen.cutOff >= 3 && seen.cutOff >= 0.05 * seen.replies;
      const request = { ...question, image, maxTokens: question.maxTokens * (cutOff || isOftenCutOff ? MORE : 1) };
      // Asked from the failed tier down: a higher one has failed before, or was never meant for it.
      const reply = await model.ask(avoid ? { ...request, tier: avoid, avoidTier: avoid } : request, signal);
      usage = addUsage(usage, reply.usage);
      seen.replies += 1;
      if (reply.finish === 'length') seen.cutOff += 1;
      onUsage?.(model.model, reply.usage);
      if (reply.finish === 'filtered' || reply.finish === 'refused') throw declined(model.model, reply);
      return reply;
    },
  };
}

/** The first bytes of a reply, whole characters only. */
export function cutReplyHead(text: string): string {
  const head = Buffer.from(text.slice(0, HEAD)).subarray(0, HEAD).toString('utf8');
  return head.replace(/\uFFFD+$/, '');
}

function declined(model: string, { finish, finishDetail, text }: ModelReply): SampleError {
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
