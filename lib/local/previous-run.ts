import { createHash } from 'node:crypto';
import { UsageError } from '#core/errors.ts';
import { freeBytes } from '#core/free-bytes.ts';
import type { FileStore } from '#core/ports.ts';
import type { FileFacts } from '#core/run-file.ts';
import { findSpecPath, type ReadRunFile, readRunFile } from '#results/read-run-file.ts';

/** The part of `run.json` that a later run in the same folder needs. */
export interface PreviousRun {
  /** The result files of that run, by path. */
  readonly files: Record<string, FileFacts>;
  /** Its captions file. */
  readonly captions: string | undefined;
}

/** Reads `run.json`; `undefined` where there is none, or none that can be read. */
export async function readPreviousRun(results: FileStore): Promise<PreviousRun | undefined> {
  const run = await readRunFile(results);
  return run && { files: withHashes(run.files), captions: findSpecPath(run, 'input_jsonl') };
}

/** Older versions wrote no `bytes` and `lines`. A file without a hash cannot be recognised. */
function withHashes(files: ReadRunFile['files']): Record<string, FileFacts> {
  const known = Object.entries(files).flatMap(([path, file]) =>
    file.sha256 === undefined ? [] : [[path, { ...file, sha256: file.sha256, bytes: file.bytes ?? 0, lines: file.lines ?? 0 }] as const],
  );
  return Object.fromEntries(known);
}

/**
 * Refuses to write over step files that no run of ours left like this: someone's work is in them.
 * `replaced` covers a run that was killed between writing `run.json` and putting its files in place. Throws `UsageError`.
 */
export async function requireUntouched(results: FileStore, previous: PreviousRun | undefined, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const hash = await hashFile(results, path);
    if (hash === undefined) continue;
    const known: FileFacts | undefined = previous?.files[path];
    if (known?.sha256 === hash || known?.replaced === hash) continue;
    const what = known ? 'was changed since the run that wrote it' : 'was not written by a run of this folder';
    const reuse = path.startsWith('step_0') ? `workflow.steps=["1"] grounds it as it is, ` : '';
    throw new UsageError(
      `${results.location}/${path} ${what}, and this run would replace it: ${reuse}another results folder leaves it alone, workflow.force_reprocess=true replaces it and asks the model again`,
    );
  }
}

/** The sha256 of a file; `undefined` where there is none, or an empty one that nobody would miss. */
export async function hashFile(results: FileStore, path: string): Promise<string | undefined> {
  if (!(await results.size(path))) return undefined;
  const hash = createHash('sha256');
  for await (const chunk of results.read(path)) {
    hash.update(chunk);
    freeBytes(chunk);
  }
  return hash.digest('hex');
}
