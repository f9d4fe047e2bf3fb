import type { ModelProfile } from '#core/model-profile.ts';
import type { ModelRequest } from '#core/ports.ts';

/** A request to a model as a step composes it. The image and the consequences of a failed reply are added before it is sent. */
export type Question = Pick<ModelRequest, 'task' | 'prompt' | 'schema' | 'tier' | 'maxTokens'>;

/** Counts of dropped items by reason. */
export type DroppedCounts = Record<string, number>;

export function addDropped(counts: DroppedCounts, reason: string, times = 1): void {
  if (times > 0) counts[reason] = (counts[reason] ?? 0) + times;
}

/** Upper bound of the tokens of a text in any tokenizer: on average a token holds at least two bytes, in every script. */
export function estimateReplyTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 2);
}

/** Tokens reserved for reasoning, which counts against the token limit of a reply. */
export function reasoningTokenBudget({ parameters }: Pick<ModelProfile, 'parameters'>): number {
  const { thinkingBudget, thinkingLevel, reasoning_effort: effort } = parameters;
  if (typeof thinkingBudget === 'number') return Math.max(512, thinkingBudget);
  return /^(?:none|minimal)$/i.test(String(thinkingLevel ?? effort ?? 'none')) ? 512 : 4096;
}
