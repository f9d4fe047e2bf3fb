import type { FailureEnvelope } from '#core/annotation-record.ts';
import type { Sample } from '#core/sample.ts';
import type { RejectedLine } from '#input/read-samples.ts';

/** Why a sample failed, and where. */
export interface Failure extends Pick<FailureEnvelope, 'step' | 'code' | 'message' | 'attempts'> {
  /** The first characters of the reply, where there was one. */
  readonly replyHead?: string;
}

/** A line of `failed.jsonl`: the input line as it was, and why it failed. It is an input line again; `imageBase` says where its image is. */
export function failedLine(sample: Pick<Sample, 'fields' | 'line' | 'imageBase'>, failure: Failure, imageBase: string): string {
  const { step, code, message, attempts, replyHead } = failure;
  const envelope: FailureEnvelope = {
    line: sample.line,
    image_base: sample.imageBase ?? imageBase,
    step,
    code,
    message,
    attempts,
    ...(replyHead === undefined ? {} : { reply_head: replyHead }),
  };
  return JSON.stringify({ ...sample.fields, _groundline: envelope });
}

/** The same for a line that never became a sample. */
export function rejectedLine({ line, fields, step, code, message }: RejectedLine, imageBase: string): string {
  return failedLine({ line, fields }, { step, code, message, attempts: 0 }, imageBase);
}
