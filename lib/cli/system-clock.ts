import type { Clock } from '#core/ports.ts';
import { sleep } from '#run/sleep.ts';

export const systemClock: Clock = { now: () => performance.now(), sleep };
