import { z } from 'zod';
import { FailureEnvelope } from '#core/annotation-record.ts';

const { shape } = FailureEnvelope;

/** `FailureEnvelope` as older versions write it; only the line number is needed. */
const FailedLineText = z.object({
  image_path: z.string().catch(''),
  image_id: z.unknown().optional(),
  caption: z.string().catch(''),
  raw: z.string().optional().catch(undefined),
  _groundline: z.object({
    line: shape.line,
    step: z.string().catch('run'),
    code: shape.code.catch('unknown'),
    message: shape.message.catch(''),
    attempts: shape.attempts.catch(0),
    reply_head: shape.reply_head.catch(undefined),
  }),
});

/** A line of `failed.jsonl`. */
export interface FailedLine {
  /** 1-based, in the run's input. */
  readonly line: number;
  readonly step: string;
  readonly code: string;
  readonly message: string;
  readonly attempts: number;
  readonly replyHead: string | undefined;
  readonly imagePath: string;
  readonly imageId: unknown;
  readonly caption: string;
  /** The text of an input line that was not JSON. */
  readonly raw: string | undefined;
}

/** The failure of a parsed line; `undefined` for a line without its envelope. */
export function parseFailedLine(value: unknown): FailedLine | undefined {
  const parsed = FailedLineText.safeParse(value).data;
  if (parsed === undefined) return undefined;
  const { image_path: imagePath, image_id: imageId, caption, raw, _groundline: envelope } = parsed;
  const { line, step, code, message, attempts, reply_head: replyHead } = envelope;
  return { line, step, code, message, attempts, replyHead, imagePath, imageId, caption, raw };
}

/**
 * The numbers of records in their input file: 1, 2, 3 … without the failed lines, which have no record.
 * `output.compat: tao` writes a record for a failed line too; such a record has its line's number.
 */
export function createLineNumbers(failed: { has(line: number): boolean }): (isFailed: boolean) => number {
  let line = 0;
  return (isFailed) => {
    line++;
    while (failed.has(line) && !isFailed) line++;
    return line;
  };
}
