import type { Clock } from '#core/ports.ts';
import { sleep } from '#pipeline/sleep.ts';

/** Milliseconds since 1970, comparable between machines. */
export const wallClock: Clock = { now: () => Date.now(), sleep };
