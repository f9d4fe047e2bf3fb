import type { FailureCode } from '#core/errors.ts';

/**
 * The kind of a failure that is not final:
 * `throttled` (429, 503, 529: slow down) · `unreachable` (no connection, gateway errors, still loading: the endpoint itself) ·
 * `failing` (500 and other temporary faults of this call) · `timed_out` · `rejected` (400, 422: a changed request may succeed).
 */
export type CallErrorKind = 'throttled' | 'unreachable' | 'failing' | 'timed_out' | 'rejected';

/** Faults of a received answer. The endpoint is up, so such an answer fails its sample and never stops the run. */
export type AnswerFault = Extract<FailureCode, 'answer_too_slow' | 'answer_unreadable'>;

interface CallErrorOptions {
  readonly cause?: unknown;
  readonly retryAfterMs?: number | undefined;
  readonly patienceMs?: number;
  readonly answerFault?: AnswerFault;
}

/** A failed attempt. It never leaves `lib/models`: retries and tiers turn it into a reply, a `SampleError` or a `RunStopError`. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly kind: CallErrorKind;
  /** The wait that the server requested, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The longest time without any reply before the run stops, in milliseconds. */
  readonly patienceMs: number | undefined;
  readonly answerFault: AnswerFault | undefined;

  constructor(kind: CallErrorKind, message: string, options?: CallErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.retryAfterMs = options?.retryAfterMs;
    this.patienceMs = options?.patienceMs;
    this.answerFault = options?.answerFault;
  }
}

/** The error for an answer that differs from the documented API. */
export function unreadableAnswer(message: string, cause?: unknown): CallError {
  return new CallError('failing', message, { cause, answerFault: 'answer_unreadable' });
}
