import type { Clock } from '#core/ports.ts';
import { sleep } from '#pipeline/sleep.ts';

export const systemClock: Clock = { now: () => performance.now(), sleep };
