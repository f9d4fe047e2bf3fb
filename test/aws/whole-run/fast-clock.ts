import type { Clock } from '#core/ports.ts';
import { sleep } from '#pipeline/sleep.ts';

export interface FastClock extends Clock {
  /** Lets this much time pass at once. */
  skip(ms: number): void;
}

/** The longest real time between two looks of a sleeper, which a skipped stretch of time may wake. */
const LOOK_MS = 20;

/** Milliseconds since 1970 on a clock that goes `speed` times as fast as the real one from now on. Real servers answer in real time. */
export function createFastClock(speed: number): FastClock {
  const start = Date.now();
  let skipped = 0;
  const now = () => start + (Date.now() - start) * speed + skipped;
  return {
    now,
    async sleep(ms, signal) {
      const end = now() + ms;
      do await sleep(Math.min(LOOK_MS, Math.max(0, end - now()) / speed), signal);
      while (now() < end);
    },
    skip(ms) {
      skipped += ms;
    },
  };
}
