import { setTimeout } from 'node:timers/promises';
import type { Clock } from '#core/ports.ts';

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => setTimeout(ms, undefined, { signal }),
};
