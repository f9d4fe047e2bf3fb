import { UsageError } from '#core/errors.ts';
import type { FileStore } from '#core/ports.ts';
import { type FailedLine, parseFailedLine } from './failed-lines.ts';
import { readJsonLines } from './read-json-lines.ts';
import { readRunFile } from './read-run-file.ts';
import { type ResultRecord, resultRecord } from './result-record.ts';

/** Grounded results that can be read, as often as needed. */
export interface OpenResults {
  readonly location: string;
  /** Lines that the run had not done when it ended; 0 for finished runs and for other tools' results. */
  readonly pending: number;
  /** In input order, failed ones among them only in other tools' files and in `output.compat: tao`. Throws `UsageError` for a line that is no grounded record. */
  records(): AsyncGenerator<ResultRecord>;
  failures(): AsyncGenerator<FailedLine>;
  /** The image of every record, without a look at the rest of it. */
  imagePaths(): AsyncGenerator<string>;
}

export interface OpenOptions {
  /** Take the results of a run that was ended early. @default false */
  readonly unfinished?: boolean;
  /** The file in the folder. @default 'annotations.jsonl' */
  readonly file?: string;
}

/** Opens a results folder: a run's, or another tool's with the same `annotations.jsonl`. Throws `UsageError` where there is nothing grounded and whole to read. */
export async function openResults(
  results: FileStore,
  { unfinished = false, file = 'annotations.jsonl' }: OpenOptions = {},
): Promise<OpenResults> {
  const pending = await pendingLines(results, unfinished);
  if ((await results.size(file)) === undefined) throw new UsageError(await nothingThere(results, file));
  return {
    location: results.location,
    pending,
    records: () => readRecords(results, file),
    failures: () => readFailures(results),
    imagePaths: () => readImagePaths(results, file),
  };
}

async function pendingLines(results: FileStore, unfinished: boolean): Promise<number> {
  const run = await readRunFile(results);
  if (run === undefined) return 0;
  if (run.status === 'finished') return 0; // lines that its own limit or sample left out are not pending
  const pending = run.counts.pending ?? 0;
  if (unfinished || (pending === 0 && run.finished_at !== undefined)) return pending;
  const first = run.first_pending_line === undefined ? '' : `, the first of them line ${run.first_pending_line}`;
  const state = pending === 0 ? 'it has no end in run.json' : `${pending.toLocaleString('en')} lines are pending${first}`;
  throw new UsageError(
    `the run in ${results.location} is not finished: ${state}; run the same groundline generate command again to finish it, or add --unfinished to take what is there`,
  );
}

async function nothingThere(results: FileStore, file: string): Promise<string> {
  for await (const _ of results.list('step_'))
    return `no ${file} in ${results.location}: its run has not got to the end; run the same groundline generate command again`;
  return `no results in ${results.location}: ${file} is not there; run "groundline generate" first, or name its results folder`;
}

async function* readRecords(results: FileStore, file: string): AsyncGenerator<ResultRecord> {
  for await (const entry of readJsonLines(results, file)) {
    const record = 'value' in entry ? resultRecord(entry.value, entry.line) : `is ${entry.problem}`;
    if (typeof record === 'string')
      throw new UsageError(
        `${file} line ${entry.line} in ${results.location} ${record}; mend or remove that line, or run groundline generate again`,
      );
    if (record.extractedOnly)
      throw new UsageError(
        `the results in ${results.location} have no boxes: only extraction has run (${file} line ${entry.line}); run groundline generate with 'workflow.steps=["1"]' on the same results_dir first`,
      );
    yield record;
  }
}

/** Lines that are no records have none: `records` says what is wrong with them. */
async function* readImagePaths(results: FileStore, file: string): AsyncGenerator<string> {
  for await (const entry of readJsonLines(results, file)) {
    const path = 'value' in entry ? (entry.value as { image_path?: unknown } | null)?.image_path : undefined;
    if (typeof path === 'string') yield path;
  }
}

async function* readFailures(results: FileStore): AsyncGenerator<FailedLine> {
  for await (const entry of readJsonLines(results, 'failed.jsonl')) {
    const failed = 'value' in entry ? parseFailedLine(entry.value) : undefined;
    if (failed === undefined)
      throw new UsageError(
        `failed.jsonl line ${entry.line} in ${results.location} cannot be read, perhaps cut off; run groundline generate again`,
      );
    yield failed;
  }
}
