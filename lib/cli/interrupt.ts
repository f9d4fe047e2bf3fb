import { RunStopError } from '#core/errors.ts';
import { exitCode } from './exit-codes.ts';

export interface Interrupt {
  /** Aborted, with a `RunStopError` as its reason, at the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Gives the signals back to the system. */
  release(): void;
}

/** The first Ctrl-C (or SIGTERM) lets finished work be kept; the second leaves at once. */
export function listenForInterrupt(notice: (message: string) => void): Interrupt {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(exitCode.interrupted);
    notice('stopping: finished work is kept; press Ctrl-C again to leave at once');
    controller.abort(new RunStopError('interrupted', 'interrupted: finished work is kept, the same command goes on from here'));
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return {
    signal: controller.signal,
    release: () => void process.off('SIGINT', stop).off('SIGTERM', stop),
  };
}
