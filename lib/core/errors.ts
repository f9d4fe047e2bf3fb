/** Why a line or a sample failed. Written to `failed.jsonl`, counted in `run.json`, used as a metric dimension: keep the list short and stable. */
export type FailureCode =
  | 'invalid_line'
  | 'line_too_deep'
  | 'image_not_found'
  | 'image_unreadable'
  | 'image_undecodable'
  | 'image_unsupported'
  | 'image_too_large'
  | 'image_refused'
  | 'model_refused'
  | 'model_filtered'
  | 'model_error'
  | 'model_unavailable'
  | 'answer_too_slow'
  | 'answer_unreadable'
  | 'reply_unusable'
  | 'partial'
  | 'step_input_missing'
  | 'checkpoint_unreadable'
  | 'internal_error'
  | 'worker_died'
  | 'batch_lost';

/** One sample fails and the run continues. The failure is counted and recorded; the next run tries again. */
export class SampleError extends Error {
  override readonly name = 'SampleError';
  readonly code: FailureCode;
  /** The first characters of the model's reply, where there was one. */
  readonly replyHead: string | undefined;

  constructor(code: FailureCode, message: string, options?: { cause?: unknown; replyHead?: string }) {
    super(message, options);
    this.code = code;
    this.replyHead = options?.replyHead;
  }
}

/** Why a run has to stop: no later sample could succeed, or the user's limit is reached. */
export type StopReason =
  | 'unauthorized'
  | 'payment_required'
  | 'forbidden'
  | 'unknown_model'
  | 'quota_exhausted'
  | 'server_unreachable'
  | 'convention_unknown'
  | 'budget_reached'
  | 'disk_full'
  | 'internal_error'
  | 'interrupted';

/** Stops the run at once. Finished work is saved; `message` contains the fix. */
export class RunStopError extends Error {
  override readonly name = 'RunStopError';
  readonly reason: StopReason;

  constructor(reason: StopReason, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}

/** Checkpoints or results cannot be written, or their store does not respond. The work stops at once; no sample fails. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
}

/** The user asked for something that cannot be done. Printed without a stack trace, exit code 1. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
