import { RunStopError } from '#core/errors.ts';
import { exitCode } from './exit-codes.ts';

export interface Interrupt {
  /** Aborts at the first Ctrl-C, with a `RunStopError` as its reason. */
  readonly signal: AbortSignal;
  /** Restores the default handling of the signals. */
  release(): void;
}

/** The first Ctrl-C (or SIGTERM) aborts the signal, so that finished work is saved; the second ends the process. */
export function listenForInterrupt(notice: (message: string) => void): Interrupt {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(exitCode.interrupted);
    notice('Stopping… finished work is saved. Press Ctrl-C again to quit immediately.');
    controller.abort(new RunStopError('interrupted', 'interrupted: finished work is saved; run the same command to resume'));
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return {
    signal: controller.signal,
    release: () => void process.off('SIGINT', stop).off('SIGTERM', stop),
  };
}
