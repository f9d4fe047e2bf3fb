import type { FileStore } from '#core/ports.ts';
import { findSpecPath, type ReadRunFile, readRunFile } from './read-run-file.ts';
import type { RunFacts, StepRunFacts } from './run-facts.ts';

/** Reads the part of `run.json` that a report shows; results without a readable one have no facts. */
export async function readRunFacts(results: FileStore): Promise<RunFacts> {
  const run = await readRunFile(results);
  if (run === undefined) return { steps: [] };
  const { all_invocations: all } = run;
  return withoutUndefined({
    runId: run.run_id,
    input: run.input,
    version: run.version,
    started: run.started_at,
    finished: run.finished_at,
    pending: run.status === 'finished' ? undefined : run.counts.pending, // lines outside its own limit or sample are not pending
    costUsd: run.cost_usd,
    costOfAllUsd: all?.unpriced_calls === 0 ? all.cost_usd : undefined,
    steps: Object.entries(run.steps).map(([name, step]) => composeStepFacts(name, step)),
  });
}

/** The folders where relative image paths begin, by `run.json`: that of the spec first. */
export async function readImageBases(results: FileStore): Promise<string[]> {
  const run = await readRunFile(results);
  return [run && findSpecPath(run, 'image_root'), run?.image_base].filter((base) => base !== undefined && base !== '') as string[];
}

function composeStepFacts(name: string, { model, calls, cached, tokens, cost_usd: costUsd }: ReadRunFile['steps'][string]): StepRunFacts {
  const outputTokens = tokens?.output === undefined ? undefined : tokens.output + (tokens.thinking ?? 0);
  return withoutUndefined({ name, model, calls, cached, inputTokens: tokens?.input, outputTokens, costUsd });
}

function withoutUndefined<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
