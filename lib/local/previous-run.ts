import { createHash } from 'node:crypto';
import { z } from 'zod';
import { UsageError } from '#core/errors.ts';
import { freeBytes } from '#core/free-bytes.ts';
import { FileNotFoundError, type FileStore } from '#core/ports.ts';
import type { FileFacts } from '#output/compose-run-file.ts';

const PreviousFile = z.object({
  sha256: z.string(),
  bytes: z.number().catch(0),
  lines: z.number().catch(0),
  completed: z.number().optional().catch(undefined),
  replaced: z.string().optional(),
});

/** What a run has to know of the one before it in the same folder. */
const PreviousRun = z
  .object({
    files: z.record(z.string(), PreviousFile).catch({}).default({}),
    spec: z
      .object({ data: z.object({ input_jsonl: z.string() }) })
      .optional()
      .catch(undefined),
  })
  .transform(({ files, spec }) => ({ files, captions: spec?.data.input_jsonl }));
export type PreviousRun = z.infer<typeof PreviousRun>;

/** Reads `run.json`; `undefined` where there is none, or none that can be read. */
export async function readPreviousRun(results: FileStore): Promise<PreviousRun | undefined> {
  const text = await readText(results, 'run.json');
  if (text === undefined) return undefined;
  try {
    return PreviousRun.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * Protects step files that were changed since their run, or that no run wrote: they contain someone's work.
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
      `${results.location}/${path} ${what}, and this run would replace it: ${reuse}fix: choose another results folder to keep it, or set workflow.force_reprocess=true to replace it with new model calls`,
    );
  }
}

/** The sha256 of a file; `undefined` where it is missing or empty. */
export async function hashFile(results: FileStore, path: string): Promise<string | undefined> {
  if (!(await results.size(path))) return undefined;
  const hash = createHash('sha256');
  for await (const chunk of results.read(path)) {
    hash.update(chunk);
    freeBytes(chunk);
  }
  return hash.digest('hex');
}

async function readText(results: FileStore, path: string): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of results.read(path)) chunks.push(chunk);
  } catch (error) {
    if (error instanceof FileNotFoundError) return undefined;
    throw error;
  }
  return Buffer.concat(chunks).toString('utf8');
}
