import { setTimeout } from 'node:timers/promises';
import type { Clock } from '#core/ports.ts';

/** Milliseconds since 1970: what workers on different machines can tell each other. */
export const wallClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => setTimeout(ms, undefined, { signal }),
};
