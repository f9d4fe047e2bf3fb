import { UsageError } from '#core/errors.ts';
import type { FileStore } from '#core/ports.ts';
import type { ReportEvaluation } from '#results/evaluation-summary.ts';
import { createLineNumbers } from '#results/failed-lines.ts';
import { readJsonLines } from '#results/read-json-lines.ts';
import { resultRecord } from '#results/result-record.ts';
import type { ReportSample, Totals } from './report-data.ts';
import { createReportTally } from './report-tally.ts';
import { reportFailure, reportRecord } from './reported-record.ts';
import { createSelection } from './select-samples.ts';

export interface ResultsRead {
  readonly samples: readonly ReportSample[];
  readonly totals: Totals;
  /** Lines of the result files in all, and what was wrong with those that could not be read. */
  readonly lines: number;
  readonly unreadable: readonly string[];
}

/** Streams the result files once: counts every sample, keeps at most `cap`, those of the evaluation's worst among them. Throws `UsageError` where there are no results. */
export async function readResults(results: FileStore, cap: number, evaluation?: ReportEvaluation): Promise<ResultsRead> {
  const tally = createReportTally();
  const selection = createSelection(cap);
  const isWorst = selectWorst(evaluation);
  const unreadable: string[] = [];
  const failedLines = new Set<number>();
  let lines = 0;
  const add = (sample: ReportSample) => {
    lines++;
    tally.add(sample);
    selection.offer(sample, isWorst(sample));
  };

  for await (const entry of readJsonLines(results, 'failed.jsonl')) {
    const sample = 'value' in entry ? reportFailure(entry.value) : undefined;
    if (sample === undefined) unreadable.push(`failed.jsonl line ${entry.line}`);
    else {
      failedLines.add(sample.line);
      add(sample);
    }
  }
  if (failedLines.size === 0 && (await results.size('annotations.jsonl')) === undefined)
    throw new UsageError(
      `no results in ${results.location}: annotations.jsonl is not there; run "groundline generate" first, or name its results folder`,
    );
  const numberLine = createLineNumbers(failedLines);
  for await (const entry of readJsonLines(results, 'annotations.jsonl')) {
    const record = 'value' in entry ? resultRecord(entry.value, entry.line) : undefined;
    const isReadable = typeof record === 'object';
    const line = numberLine(isReadable && record.status === 'failed');
    if (!isReadable) unreadable.push(`annotations.jsonl line ${entry.line}`);
    else if (!failedLines.has(line)) add(reportRecord(record, line)); // a failed line has its reason in failed.jsonl
  }
  return { samples: selection.take(), totals: tally.totals(), lines, unreadable };
}

function selectWorst(evaluation: ReportEvaluation | undefined): (sample: ReportSample) => boolean {
  const worst = evaluation?.worst ?? [];
  const lines = new Set(worst.map(({ line }) => line));
  const ids = new Set(worst.filter(({ line }) => line === undefined).map(({ id }) => id));
  return ({ line, id }) => lines.has(line) || ids.has(id);
}
