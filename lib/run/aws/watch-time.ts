import type { CallGate } from '#run/call-gate.ts';
import { PutDown } from './batch-outcome.ts';
import type { BatchContext } from './run-batch.ts';
import type { RunLink } from './run-link.ts';

export interface TimeWatch {
  readonly gate: CallGate;
  readonly link: RunLink;
  readonly context: Pick<BatchContext, 'cloud' | 'remainingMs'>;
}

const LOOK_EVERY_MS = 500;
/** Before a function's time is up no new call starts: a call may take a minute or two. Shorter where the function has little time in all. */
const DRAIN_MS = 120_000;
/** Left for writing down what is settled. */
const SAVE_MS = 15_000;
/** A longer pause is waited out in a Wait state, which is free; calls in flight get so long to end. */
const LONG_PAUSE_MS = 20_000;
const PAUSE_GRACE_MS = 30_000;
const STOP_GRACE_MS = 10_000;

/** Puts the batch down in time: near the function's deadline, at a long pause, at a stop told by another worker. */
export async function watchTime({ gate, link, context }: TimeWatch, signal: AbortSignal): Promise<void> {
  const { cloud, remainingMs } = context;
  const { clock } = cloud;
  const all = remainingMs();
  const drain = Math.min(DRAIN_MS, all / 3);
  const save = Math.min(SAVE_MS, all / 6);
  while (!signal.aborted) {
    const left = remainingMs();
    const grace = Math.max(0, left - save);
    // Also where the batch is being put down already: what is in flight may not outlast the function.
    if (left < drain) return gate.stop(new PutDown('time is up', clock.now()), grace);
    if (!gate.stopped && link.stopped) gate.stop(link.stopped, STOP_GRACE_MS);
    if (!gate.stopped && link.pausedUntil - clock.now() > LONG_PAUSE_MS)
      gate.stop(new PutDown('everyone is to wait', link.pausedUntil), PAUSE_GRACE_MS);
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => {});
  }
}
