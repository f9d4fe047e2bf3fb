import type { z } from 'zod';
import { UsageError } from '#core/errors.ts';
import type { FileStore } from '#core/ports.ts';
import { RunFile } from '#core/run-file.ts';
import { tolerate } from '#core/tolerant-schema.ts';
import { readJsonFile } from './read-json-file.ts';

const ReadableRunFile = tolerate(RunFile).transform((run) => ({
  ...run,
  counts: run.counts ?? {},
  failures: run.failures ?? {},
  steps: run.steps ?? {},
  files: run.files ?? {},
}));

/** `run.json` as readers take it: of this version or another one, finished or not. Every part may be missing. */
export type ReadRunFile = z.infer<typeof ReadableRunFile>;

/** The name of the run file in a results folder. */
export const runFile = 'run.json';

/** Reads the run file; `undefined` where there is none, or the file holds no JSON object. */
export async function readRunFile(files: FileStore, path = runFile): Promise<ReadRunFile | undefined> {
  return ReadableRunFile.safeParse(await readJsonFile(files, path)).data;
}

/** Reads the run file of a results folder. Throws `UsageError` where there is none, or the file holds no JSON object. */
export async function requireRunFile(results: FileStore): Promise<ReadRunFile> {
  const run = await readRunFile(results);
  if (run) return run;
  const isThere = (await results.size(runFile)) !== undefined;
  throw new UsageError(
    isThere
      ? `cannot read ${runFile} in ${results.location}: expected a JSON object; fix: name a folder that groundline generate wrote`
      : `no ${runFile} in ${results.location}; fix: name the results folder of a run (results_dir, --out)`,
  );
}

/** A path in the `data` section of the spec; `undefined` where it is empty or missing. */
export function findSpecPath({ spec }: ReadRunFile, name: 'input_jsonl' | 'image_root'): string | undefined {
  const path = (spec?.data as Record<string, unknown> | null | undefined)?.[name];
  return typeof path === 'string' && path !== '' ? path : undefined;
}
