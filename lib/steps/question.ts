import type { ModelRequest } from '#core/ports.ts';

/** A request to a model as a step makes it: the image and what was learnt from a failed reply are added where it is sent. */
export type Question = Pick<ModelRequest, 'task' | 'prompt' | 'schema' | 'tier' | 'maxTokens'>;

/** How often each reason for leaving something out applied. */
export type DroppedCounts = Record<string, number>;

export function addDropped(counts: DroppedCounts, reason: string, times = 1): void {
  if (times > 0) counts[reason] = (counts[reason] ?? 0) + times;
}
