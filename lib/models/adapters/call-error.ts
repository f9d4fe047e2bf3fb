import type { FailureCode } from '#core/errors.ts';

/**
 * Why one attempt failed in a way that is not final:
 * `throttled` (429, 503, 529: slow down) · `unreachable` (no connection, gateway errors, still loading: the endpoint as a whole) ·
 * `failing` (500 and other passing faults of this call) · `timed_out` · `rejected` (400, 422: the question may be asked differently).
 */
export type CallErrorKind = 'throttled' | 'unreachable' | 'failing' | 'timed_out' | 'rejected';

/** Faults of an answer that did arrive. The endpoint is up, so such an answer fails its sample and never stops the run. */
export type AnswerFault = Extract<FailureCode, 'answer_too_slow' | 'answer_unreadable'>;

interface CallErrorOptions {
  readonly cause?: unknown;
  readonly retryAfterMs?: number | undefined;
  readonly patienceMs?: number;
  readonly answerFault?: AnswerFault;
}

/** A failed attempt. Never leaves `lib/models`: retries and the ladder turn it into a reply, a `SampleError` or a `RunStopError`. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly kind: CallErrorKind;
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** How long an endpoint that never answered may go on like this, in milliseconds. */
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

/** An answer that is not what the API documents. */
export function unreadableAnswer(message: string, cause?: unknown): CallError {
  return new CallError('failing', message, { cause, answerFault: 'answer_unreadable' });
}
