import { setTimeout } from 'node:timers/promises';

/** The longest timer of Node: a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Sleeps for `ms` milliseconds, in pieces that fit a timer. Rejects with an `AbortError` when aborted. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  for (let rest = ms; ; rest -= LONGEST_TIMER_MS) {
    await setTimeout(Math.min(rest, LONGEST_TIMER_MS), undefined, { signal });
    if (rest <= LONGEST_TIMER_MS) return;
  }
}
