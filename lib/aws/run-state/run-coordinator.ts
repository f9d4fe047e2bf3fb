import { RunStopError, StorageError } from '#core/errors.ts';
import type { Clock } from '#core/ports.ts';
import type { SharedThrottle } from '#models/connect.ts';
import type { RunCounts, RunState, RunStateStore } from './run-state-store.ts';

/** What ties one worker to the others of its run while it works on a batch. */
export interface RunCoordinator {
  /** Shared with the others through the run item. */
  readonly throttle: SharedThrottle;
  /** Reads the run item until the signal is aborted. */
  watch(signal: AbortSignal): Promise<void>;
  /** Reads it once. */
  refresh(): Promise<void>;
  /** Throws `RunStopError` once the run is to stop, and with a budget when it is spent; `StorageError` where the spending cannot be added up. */
  beforeCall(): Promise<void>;
  count(counts: Partial<RunCounts>): void;
  /** Tells the others. */
  stop(error: RunStopError): Promise<void>;
  readonly stopped: RunStopError | undefined;
  /** Milliseconds since 1970 before which no call should start, as far as is known. */
  readonly pausedUntil: number;
  /** Adds what is still to be added. */
  flush(): Promise<void>;
}

export interface RunCoordinatorOptions {
  readonly store: RunStateStore;
  /** Of the wall: pauses are told between machines. */
  readonly clock: Clock;
  readonly budgetUsd: number | undefined;
}

/** A second less than the five that a stop may take to reach every worker. */
const READ_EVERY_MS = 4_000;
const ADD_EVERY_MS = 10_000;
/** A pause is passed on if it extends the known one by this much, and not more often than this. */
const PAUSE_EXTENDS_MS = 2_000;
const PAUSE_EVERY_MS = 5_000;

export function createRunCoordinator({ store, clock, budgetUsd }: RunCoordinatorOptions): RunCoordinator {
  let pending: Partial<Record<keyof RunCounts, number>> = {};
  let spent = 0;
  let onTheirWay = 0;
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
    onTheirWay = counts.spent ?? 0;
    addedAt = clock.now();
    try {
      observe(await store.add(counts));
    } catch (error) {
      coordinator.count(counts);
      throw error;
    } finally {
      onTheirWay = 0;
    }
  };
  /** With what this worker has spent and the item does not know yet. */
  const spentInAll = () => spent + onTheirWay + (pending.spent ?? 0);
  const isPending = () => Object.values(pending).some((value) => value !== 0);

  /** One addition at a time; whoever comes meanwhile waits for the next, which carries what all of them have to add. */
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
        store.pause(Math.ceil(until)).catch(() => {}); // others will meet the limit themselves
      },
      listen: (pauseUntil) => void listeners.push(pauseUntil),
    },
    async watch(signal) {
      while (!signal.aborted) {
        await clock.sleep(READ_EVERY_MS, signal).catch(() => {});
        if (signal.aborted) return;
        // One look that fails is made up for by the next.
        await (isPending() && clock.now() - addedAt >= ADD_EVERY_MS ? addOnce() : coordinator.refresh()).catch(() => {});
      }
    },
    async refresh() {
      observe(await store.read());
    },
    async beforeCall() {
      if (budgetUsd !== undefined && !stopped) {
        await orStorageError(addAll());
        if (spentInAll() >= budgetUsd) await orStorageError(stop(budgetReached(spentInAll(), budgetUsd)));
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

/** A table that does not respond is no fault of the sample whose call waits for it. */
function orStorageError<T>(work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    throw new StorageError(`the spending of this run cannot be added up: ${cause instanceof Error ? cause.message : cause}`, { cause });
  });
}

function budgetReached(spent: number, budget: number): RunStopError {
  return new RunStopError(
    'budget_reached',
    `the budget of $${budget} is spent ($${spent.toFixed(4)}): raise workflow.budget_usd and start again, finished work is kept`,
  );
}
