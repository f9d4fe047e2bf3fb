import { setTimeout } from 'node:timers/promises';

/** What Node's timers hold: a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Sleeps as long as it is told to, in pieces that a timer holds. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  for (let rest = ms; ; rest -= LONGEST_TIMER_MS) {
    await setTimeout(Math.min(rest, LONGEST_TIMER_MS), undefined, { signal });
    if (rest <= LONGEST_TIMER_MS) return;
  }
}
