import { fileStem } from '#core/sample-id.ts';
import { parseFailedLine } from '#results/failed-lines.ts';
import type { ResultExpression, ResultRecord } from '#results/result-record.ts';
import type { ReportPhrase, ReportSample, ScoredBox } from './report-data.ts';

/** A record as the report shows it; `line` is its number in the input. */
export function reportRecord(record: ResultRecord, line: number): ReportSample {
  const { imageId, imagePath, status, caption, cleanedCaption, size, expressions, extractedOnly } = record;
  return {
    line,
    id: formatImageId(imageId, imagePath),
    path: imagePath,
    status,
    caption,
    cleaned: cleanedCaption,
    ...size,
    phrases: expressions.map((expression) => reportPhrase(expression, extractedOnly)),
    ...(status === 'failed' ? { failure: { step: 'run', code: 'failed', message: 'the record states no reason', attempts: 0 } } : {}),
  };
}

/** A line of `failed.jsonl` as the report shows it; `undefined` for a line without its envelope. */
export function reportFailure(value: unknown): ReportSample | undefined {
  const failed = parseFailedLine(value);
  if (failed === undefined) return undefined;
  const { line, imagePath, imageId, caption, raw, step, code, message, attempts, replyHead } = failed;
  const failure = { step, code, message, attempts, ...(replyHead === undefined ? {} : { replyHead }) };
  return {
    line,
    id: formatImageId(imageId, imagePath),
    path: imagePath,
    status: 'failed',
    caption: caption || raw || '',
    phrases: [],
    failure,
  };
}

function reportPhrase({ text, span, grounding, note, instances }: ResultExpression, extractedOnly: boolean): ReportPhrase {
  return {
    text,
    span: span ?? [0, 0],
    outcome: extractedOnly ? 'not_grounded' : grounding,
    ...(note === undefined ? {} : { note }),
    boxes: instances.map(({ box, score }): ScoredBox => [...box, score]),
  };
}

function formatImageId(imageId: unknown, path: string): string {
  return typeof imageId === 'string' || typeof imageId === 'number' ? String(imageId) : fileStem(path);
}
