import type { ModelProfile } from '#core/model-profile.ts';

/** Tokens that a text can take in any tokenizer: a token holds two bytes at least, on average, in every script. */
export function estimateReplyTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 2);
}

/** Thoughts count against the token limit wherever a model has them; this much room they get. */
export function reasoningTokenBudget({ parameters }: Pick<ModelProfile, 'parameters'>): number {
  const { thinkingBudget, thinkingLevel, reasoning_effort: effort } = parameters;
  if (typeof thinkingBudget === 'number') return Math.max(512, thinkingBudget);
  return /^(?:none|minimal)$/i.test(String(thinkingLevel ?? effort ?? 'none')) ? 512 : 4096;
}
