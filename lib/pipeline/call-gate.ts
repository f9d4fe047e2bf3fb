import type { Clock } from '#core/ports.ts';

/** The gate of every attempt of every call. After a stop no attempt starts, and calls in flight may finish. */
export interface CallGate {
  /** Makes an attempt. Throws the reason of the stop after a stop. */
  attempt<T>(send: () => Promise<T>): Promise<T>;
  /** Throws the reason of the stop, if there is one. */
  check(): void;
  /** Stops the run; only the first reason counts. `graceMs`: time in milliseconds that calls in flight may still take. */
  stop(reason: unknown, graceMs: number): void;
  readonly stopped: { readonly reason: unknown } | undefined;
  /** Aborted after a stop, when no call is in flight or its grace time is over. */
  readonly signal: AbortSignal;
}

interface CallGateOptions {
  readonly clock: Clock;
  /** Checked before every attempt. A returned reason stops the run. */
  readonly limit?: (() => unknown) | undefined;
}

export function createCallGate({ clock, limit }: CallGateOptions): CallGate {
  const controller = new AbortController();
  let stopped: { readonly reason: unknown } | undefined;
  let inFlight = 0;

  const gate: CallGate = {
    async attempt(send) {
      gate.check();
      inFlight++;
      try {
        return await send();
      } finally {
        inFlight--;
        if (stopped && inFlight === 0) controller.abort(stopped.reason);
      }
    },
    check() {
      const reason = stopped ? undefined : limit?.();
      if (reason !== undefined) gate.stop(reason, Number.POSITIVE_INFINITY);
      if (stopped) throw stopped.reason;
    },
    stop(reason, graceMs) {
      stopped ??= { reason };
      const { reason: first } = stopped;
      if (inFlight === 0) controller.abort(first);
      else if (graceMs !== Number.POSITIVE_INFINITY)
        clock.sleep(graceMs, controller.signal).then(
          () => controller.abort(first),
          () => {},
        );
    },
    get stopped() {
      return stopped;
    },
    signal: controller.signal,
  };
  return gate;
}
