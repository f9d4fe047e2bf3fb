import { z } from 'zod';
import { UsageError } from '#core/errors.ts';
import { FileNotFoundError, type FileStore } from '#core/ports.ts';

const text = z.string().optional().catch(undefined);
const amount = z.number().optional().catch(undefined);

const StepRunFile = z.object({ model: text, calls: amount, cached: amount, cost_usd: amount });

/** The keys of `run.json` that the command line reads. The schema is tolerant of other versions and of unfinished runs. */
const RunFile = z.object({
  run_id: text,
  status: text,
  stop: z.object({ message: z.string() }).optional().catch(undefined),
  input: text,
  image_base: text,
  started_at: text,
  finished_at: text,
  spec: z.unknown(),
  counts: z
    .object({ lines: amount, done: amount, partial: amount, failed: amount, pending: amount, cached: amount })
    .prefault({})
    .catch({}),
  first_pending_line: amount,
  failures: z.record(z.string(), z.number()).catch({}).default({}),
  calls: amount,
  cost_usd: amount,
  all_invocations: z.object({ calls: amount, cost_usd: amount, unpriced_calls: amount }).optional().catch(undefined),
  steps: z.record(z.string(), StepRunFile).catch({}).default({}),
});
export type RunFile = z.infer<typeof RunFile>;

/** Reads `run.json` of a results folder. Throws `UsageError` if it is missing or unreadable. */
export async function readRunFile(results: FileStore): Promise<RunFile> {
  const parsed = RunFile.safeParse(await readJson(results));
  if (parsed.success) return parsed.data;
  throw new UsageError(
    `cannot read run.json in ${results.location}: expected a JSON object; fix: name a folder that groundline generate wrote`,
  );
}

async function readJson(results: FileStore): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of results.read('run.json')) chunks.push(chunk);
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    if (!(error instanceof FileNotFoundError)) throw error;
    throw new UsageError(`no run.json in ${results.location}; fix: name the results folder of a run (results_dir, --out)`);
  }
}
