import { RunStopError, StorageError } from '#core/errors.ts';
import type { Clock } from '#core/ports.ts';
import type { SharedThrottle } from '#models/connect.ts';
import type { RunCounts, RunState, RunStateStore } from './run-state-store.ts';

/** Coordinates a worker with the other workers of its run during a batch. */
export interface RunCoordinator {
  /** The throttle that all workers share through the stored run state. */
  readonly throttle: SharedThrottle;
  /** Reads the stored run state until the signal is aborted. */
  watch(signal: AbortSignal): Promise<void>;
  /** Reads it once. */
  refresh(): Promise<void>;
  /** Throws `RunStopError` if the run is stopped or its budget is spent; `StorageError` if the spending cannot be summed. */
  beforeCall(): Promise<void>;
  count(counts: Partial<RunCounts>): void;
  /** Sets the stop flag for all workers. */
  stop(error: RunStopError): Promise<void>;
  readonly stopped: RunStopError | undefined;
  /** Milliseconds since 1970 before which no call should start, by the last read. */
  readonly pausedUntil: number;
  /** Adds all pending counts to the stored run state. */
  flush(): Promise<void>;
}

export interface RunCoordinatorOptions {
  readonly store: RunStateStore;
  /** The wall clock, because pauses are shared between machines. */
  readonly clock: Clock;
  readonly budgetUsd: number | undefined;
}

/** A stop must reach every worker within 5 s; a read takes up to 1 s. */
const READ_EVERY_MS = 4_000;
const ADD_EVERY_MS = 10_000;
/** A pause is shared if it extends the shared pause by 2 s, and at most every 5 s. */
const PAUSE_EXTENDS_MS = 2_000;
const PAUSE_EVERY_MS = 5_000;

export function createRunCoordinator({ store, clock, budgetUsd }: RunCoordinatorOptions): RunCoordinator {
  let pending: Partial<Record<keyof RunCounts, number>> = {};
  let spent = 0;
  let inFlight = 0;
  let stopped: RunStopError | undefined;
  let pausedUntil = 0;
  let sharedPause = 0;
  let pauseSharedAt = Number.NEGATIVE_INFINITY;
  let addedAt = clock.now();
  let adding: Promise<void> | undefined;
  const listeners: ((time: number) => void)[] = [];

  const observe = (state: RunState) => {
    spent = state.spent;
    if (state.stop && !stopped) stopped = new RunStopError(state.stop.reason, state.stop.message);
    sharedPause = Math.max(sharedPause, state.pauseUntil);
    if (state.pauseUntil <= Math.max(pausedUntil, clock.now())) return;
    pausedUntil = state.pauseUntil;
    for (const pauseUntil of listeners) pauseUntil(pausedUntil);
  };

  const add = async () => {
    const counts = pending;
    pending = {};
    inFlight = counts.spent ?? 0;
    addedAt = clock.now();
    try {
      observe(await store.add(counts));
    } catch (error) {
      coordinator.count(counts);
      throw error;
    } finally {
      inFlight = 0;
    }
  };
  /** Includes the spending of this worker that the item does not contain yet. */
  const totalSpent = () => spent + inFlight + (pending.spent ?? 0);
  const isPending = () => Object.values(pending).some((value) => value !== 0);

  /** One addition at a time. Calls that arrive meanwhile share the next addition. */
  const addOnce = () => {
    adding ??= add().finally(() => {
      adding = undefined;
    });
    return adding;
  };
  const addAll = async () => {
    while (isPending()) await addOnce();
  };

  const stop = async (error: RunStopError) => {
    stopped ??= error;
    await store.stop(error.reason, error.message);
  };

  const coordinator: RunCoordinator = {
    throttle: {
      onPause(until) {
        pausedUntil = Math.max(pausedUntil, until);
        const now = clock.now();
        if (until <= sharedPause + PAUSE_EXTENDS_MS || now - pauseSharedAt < PAUSE_EVERY_MS) return;
        pauseSharedAt = now;
        sharedPause = until;
        store.pause(Math.ceil(until)).catch(() => {}); // without it, other workers are throttled on their own
      },
      listen: (pauseUntil) => void listeners.push(pauseUntil),
    },
    async watch(signal) {
      while (!signal.aborted) {
        await clock.sleep(READ_EVERY_MS, signal).catch(() => {});
        if (signal.aborted) return;
        // The next read makes up for a failed one.
        await (isPending() && clock.now() - addedAt >= ADD_EVERY_MS ? addOnce() : coordinator.refresh()).catch(() => {});
      }
    },
    async refresh() {
      observe(await store.read());
    },
    async beforeCall() {
      if (budgetUsd !== undefined && !stopped) {
        await orStorageError(addAll());
        if (totalSpent() >= budgetUsd) await orStorageError(stop(budgetReached(totalSpent(), budgetUsd)));
      }
      if (stopped) throw stopped;
    },
    count(counts) {
      for (const [name, value] of Object.entries(counts) as [keyof RunCounts, number][]) pending[name] = (pending[name] ?? 0) + value;
    },
    stop,
    get stopped() {
      return stopped;
    },
    get pausedUntil() {
      return pausedUntil;
    },
    flush: addAll,
  };
  return coordinator;
}

/** An error of the table must not fail the sample whose call waits for it. */
function orStorageError<T>(work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    throw new StorageError(`the spending of this run cannot be summed: ${cause instanceof Error ? cause.message : cause}`, { cause });
  });
}

function budgetReached(spent: number, budget: number): RunStopError {
  return new RunStopError(
    'budget_reached',
    `the budget of $${budget} is spent ($${spent.toFixed(4)}); fix: raise workflow.budget_usd and start again, finished work is kept`,
  );
}
