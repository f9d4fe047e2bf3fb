import type { Clock } from '#core/ports.ts';
import { sleep } from '#pipeline/sleep.ts';

/** Milliseconds since 1970: what workers on different machines can tell each other. */
export const wallClock: Clock = { now: () => Date.now(), sleep };
