import type { StepName } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import { stepNames } from '#core/step-names.ts';
import type { CallGate } from '#pipeline/call-gate.ts';
import type { RunCoordinator } from '../run-state/run-coordinator.ts';
import type { Cloud } from '../runtime/cloud.ts';
import { Suspend } from './batch-outcome.ts';

export interface DeadlineWatch {
  readonly gate: CallGate;
  readonly coordinator: RunCoordinator;
  readonly context: { readonly cloud: Pick<Cloud, 'clock'>; remainingMs(): number };
  /** The longest that one call may take. */
  readonly callMs: number;
}

const LOOK_EVERY_MS = 500;
/** Before a function's time is up no new call starts: a call may take a minute or two. Longer where calls may, shorter where the function has little time in all. */
const DRAIN_MS = 120_000;
/** Left for writing down what is settled. */
const SAVE_MS = 15_000;
/** A longer pause is waited out in a Wait state, which is free. */
const LONG_PAUSE_MS = 20_000;
/** The next run of the same dataset counts on it: `lease.ts`. */
const STOP_GRACE_MS = 10_000;

/**
 * Puts the batch down in time: near the function's deadline, at a long pause, at a stop told by another worker. At a stop calls in flight are
 * cut off soon; else they may come home as long as the function lasts, since a call that is cut off is paid, and asked again.
 */
export async function watchDeadline({ gate, coordinator, context, callMs }: DeadlineWatch, signal: AbortSignal): Promise<void> {
  const { cloud, remainingMs } = context;
  const { clock } = cloud;
  const all = remainingMs();
  const save = Math.min(SAVE_MS, all / 6);
  const drain = Math.min(Math.max(DRAIN_MS, callMs + save), all / 2);
  let hasDeadline = false;
  const suspendBatch = (message: string, until: number, grace: number) => {
    hasDeadline = true;
    gate.stop(new Suspend(message, until), grace);
  };
  while (!signal.aborted) {
    const left = remainingMs();
    const grace = Math.max(0, left - save);
    // A run that was ended from outside has given its dataset up: what it asks, the next run asks too.
    if (coordinator.stopped && (!gate.stopped || coordinator.stopped.reason === 'interrupted'))
      return gate.stop(coordinator.stopped, Math.min(STOP_GRACE_MS, grace));
    // Also where the batch is being put down already: what is in flight may not outlast the function.
    if (left < drain && !hasDeadline) suspendBatch('time is up', clock.now(), grace);
    if (!gate.stopped && coordinator.pausedUntil - clock.now() > LONG_PAUSE_MS)
      suspendBatch('everyone is to wait', coordinator.pausedUntil, grace);
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => {});
  }
}

/** The timeout of a step's calls. */
export function findCallTimeoutMs({ vlm }: Settings, step: StepName): number {
  const override = vlm[stepNames[step].role];
  const backend = (override.backend ?? vlm.backend) === 'gemini' ? 'gemini' : 'openai';
  return (override[backend]?.timeout ?? vlm[backend].timeout) * 1000;
}
