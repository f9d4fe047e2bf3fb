import type { Clock } from '#core/ports.ts';

/** Every attempt of every call goes through here, so that a stop is a stop: nothing starts after it, and what is paid is waited for. */
export interface CallGate {
  /** Makes an attempt, or throws the reason of the stop. */
  attempt<T>(send: () => Promise<T>): Promise<T>;
  /** Throws the reason of the stop, if there is one. */
  check(): void;
  /** The first reason counts. `graceMs` = how long calls in flight may still take. */
  stop(reason: unknown, graceMs: number): void;
  readonly stopped: { readonly reason: unknown } | undefined;
  /** Aborted once a stop has let the last call in flight end, or has waited long enough. */
  readonly signal: AbortSignal;
}

export interface CallGateOptions {
  readonly clock: Clock;
  /** Asked before every attempt; a reason that it gives back stops the run. */
  readonly limit?: () => unknown;
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
