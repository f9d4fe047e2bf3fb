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
  /** The longest time of one call, in milliseconds. */
  readonly callMs: number;
}

const LOOK_EVERY_MS = 500;
/** No call starts in the last part of a function's time: a call may take a minute or two. It is longer for slow calls and shorter for short functions. */
const DRAIN_MS = 120_000;
/** Reserved for writing the part file. */
const SAVE_MS = 15_000;
/** A longer pause becomes a Wait state, which is free. */
const LONG_PAUSE_MS = 20_000;
/** Calls in flight end within this time after a stop. `lease.ts` depends on it for the next run of the same dataset. */
const STOP_GRACE_MS = 10_000;

/**
 * Ends the batch in time: near the function's deadline, at a long pause, or at a stop of the run by another worker.
 * After a stop, calls in flight are aborted soon. Otherwise they may finish until the deadline: an aborted call is billed and repeated.
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
    // An interrupted run has released its dataset: the next run would repeat its calls.
    if (coordinator.stopped && (!gate.stopped || coordinator.stopped.reason === 'interrupted'))
      return gate.stop(coordinator.stopped, Math.min(STOP_GRACE_MS, grace));
    // Applies to a suspended batch too: calls in flight must end before the function does.
    if (left < drain && !hasDeadline) suspendBatch('time is up', clock.now(), grace);
    if (!gate.stopped && coordinator.pausedUntil - clock.now() > LONG_PAUSE_MS)
      suspendBatch('all workers have to wait', coordinator.pausedUntil, grace);
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => {});
  }
}

/** The timeout of a step's calls. */
export function findCallTimeoutMs({ vlm }: Settings, step: StepName): number {
  const override = vlm[stepNames[step].role];
  const backend = (override.backend ?? vlm.backend) === 'gemini' ? 'gemini' : 'openai';
  return (override[backend]?.timeout ?? vlm[backend].timeout) * 1000;
}
