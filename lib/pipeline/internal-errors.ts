import { describeUnexpected, findErrorPlace } from '#core/error-place.ts';
import { RunStopError, StorageError, UsageError } from '#core/errors.ts';
import type { CallGate } from './call-gate.ts';

/** The failure of a sample by an unexpected error. */
export interface InternalFailure {
  readonly code: 'internal_error';
  readonly message: string;
  readonly attempts: 0;
}

/** Turns unexpected errors into failures of single samples, until a row of them shows a common cause. */
export interface InternalErrors {
  /**
   * Returns the failure of the sample. Rethrows errors of the run: a stop, an abort, a failing store.
   * Throws `RunStopError` where the same place failed ten samples in a row.
   */
  failureFor(error: unknown): InternalFailure;
  /** Resets the row: a sample ended in another way. */
  interrupt(): void;
}

const IN_A_ROW = 10;

/** Creates the counter of one step of a run. After a stop all errors are rethrown: the interrupted samples are still pending. */
export function createInternalErrors(gate: Pick<CallGate, 'stopped'>): InternalErrors {
  let row = { place: '', length: 0 };
  return {
    failureFor(error) {
      if (gate.stopped || [RunStopError, StorageError, UsageError].some((kind) => error instanceof kind)) throw error;
      const place = findErrorPlace(error);
      row = { place, length: row.place === place ? row.length + 1 : 1 };
      if (row.length >= IN_A_ROW)
        throw new RunStopError(
          'internal_error',
          `${IN_A_ROW} samples in a row failed at the same place: ${describeUnexpected(error)}; finished work is saved`,
          { cause: error },
        );
      return { code: 'internal_error', message: describeUnexpected(error), attempts: 0 };
    },
    interrupt() {
      row = { place: '', length: 0 };
    },
  };
}
