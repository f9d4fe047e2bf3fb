import { UsageError } from '#core/errors.ts';
import type { FileStore } from '#core/ports.ts';
import { type FailedLine, parseFailedLine } from './failed-lines.ts';
import { readJsonLines } from './read-json-lines.ts';
import { readRunFile } from './read-run-file.ts';
import { type ResultRecord, resultRecord } from './result-record.ts';

/** Grounded results that can be read repeatedly. */
export interface OpenResults {
  readonly location: string;
  /** Lines without a result when the run ended; 0 for finished runs and for other tools' results. */
  readonly pending: number;
  /**
   * In input order. Failed records occur only in other tools' files and in `output.compat: tao`.
   * Throws `UsageError` for a line that is not a grounded record.
   */
  records(): AsyncGenerator<ResultRecord>;
  failures(): AsyncGenerator<FailedLine>;
  /** The image paths of all records, without parsing the rest. */
  imagePaths(): AsyncGenerator<string>;
}

export interface OpenOptions {
  /** Read the results of a run that ended early. @default false */
  readonly unfinished?: boolean;
  /** The file in the folder. @default 'annotations.jsonl' */
  readonly file?: string;
}

/**
 * Opens the results folder of a run, or of another tool with the same `annotations.jsonl`.
 * Throws `UsageError` if there are no complete grounded results.
 */
export async function openResults(
  results: FileStore,
  { unfinished = false, file = 'annotations.jsonl' }: OpenOptions = {},
): Promise<OpenResults> {
  const pending = await pendingLines(results, unfinished);
  if ((await results.size(file)) === undefined) throw new UsageError(await describeMissing(results, file));
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
  if (run.status === 'finished') return 0; // lines outside its own limit or sample are not pending
  const pending = run.counts.pending ?? 0;
  if (unfinished || (pending === 0 && run.finished_at !== undefined)) return pending;
  const first = run.first_pending_line === undefined ? '' : `, the first of them line ${run.first_pending_line}`;
  const state = pending === 0 ? 'run.json has no finish time' : `${pending.toLocaleString('en')} lines are pending${first}`;
  throw new UsageError(
    `the run in ${results.location} is not finished: ${state}; run the same groundline generate command again to finish it, or add --unfinished to read its completed part`,
  );
}

async function describeMissing(results: FileStore, file: string): Promise<string> {
  for await (const _ of results.list('step_'))
    return `no ${file} in ${results.location}: its run is not finished; run the same groundline generate command again`;
  return `no results in ${results.location}: ${file} is missing; run "groundline generate" first, or name its results folder`;
}

async function* readRecords(results: FileStore, file: string): AsyncGenerator<ResultRecord> {
  for await (const entry of readJsonLines(results, file)) {
    const record = 'value' in entry ? resultRecord(entry.value, entry.line) : `is ${entry.problem}`;
    if (typeof record === 'string')
      throw new UsageError(
        `${file} line ${entry.line} in ${results.location} ${record}; fix: correct or remove that line, or run groundline generate again`,
      );
    if (record.extractedOnly)
      throw new UsageError(
        `the results in ${results.location} have no boxes: only extraction has run (${file} line ${entry.line}); run groundline generate with 'workflow.steps=["1"]' on the same results_dir first`,
      );
    yield record;
  }
}

/** Skips lines that are not records; `records` reports them. */
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
