import type { FailureEnvelope } from '#core/annotation-record.ts';
import type { Sample } from '#core/sample.ts';
import type { RejectedLine } from '#input/read-samples.ts';

/** The reason and the step of a failure. */
export interface Failure extends Pick<FailureEnvelope, 'step' | 'code' | 'message' | 'attempts'> {
  /** The first characters of the reply, if there is one. */
  readonly replyHead?: string;
}

/** A line of `failed.jsonl`: the unchanged input line with the failure. It is valid input again; `imageBase` locates its image. */
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

/** The same for a line that could not be parsed as a sample. */
export function rejectedLine({ line, fields, step, code, message }: RejectedLine, imageBase: string): string {
  return failedLine({ line, fields }, { step, code, message, attempts: 0 }, imageBase);
}
