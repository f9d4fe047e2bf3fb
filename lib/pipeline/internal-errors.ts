import { describeUnexpected, findErrorPlace } from '#core/error-place.ts';
import { RunStopError, StorageError, UsageError } from '#core/errors.ts';
import type { CallGate } from './call-gate.ts';

/** The failure of a sample that met an error which no code expects. */
export interface InternalFailure {
  readonly code: 'internal_error';
  readonly message: string;
  readonly attempts: 0;
}

/** Turns unexpected errors of samples into failures, until they are evidently not about the samples. */
export interface InternalErrors {
  /**
   * The failure that an unexpected error means for its sample. Throws what is no sample's fault: the reason of a stop, an abort, a store
   * that fails. Throws `RunStopError` where the same place has failed ten samples in a row.
   */
  failureFor(error: unknown): InternalFailure;
  /** A sample ended in another way: the row of errors is interrupted. */
  interrupt(): void;
}

const IN_A_ROW = 10;

/** For one step of a run. Nothing becomes a failure after a stop: what the stop has cut off is still pending. */
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
          `${IN_A_ROW} samples in a row failed at the same place: ${describeUnexpected(error)}; finished work is kept`,
          { cause: error },
        );
      return { code: 'internal_error', message: describeUnexpected(error), attempts: 0 };
    },
    interrupt() {
      row = { place: '', length: 0 };
    },
  };
}
