import { z } from 'zod';
import type { FileStore } from '#core/ports.ts';
import { readJsonFile } from './read-json-file.ts';
import type { RunFacts, StepRunFacts } from './run-facts.ts';

const text = z.string().optional().catch(undefined);
const amount = z.number().optional().catch(undefined);

/** What a report reads of `run.json`; every part may be missing, since old, foreign and unfinished results are shown too. */
const ReportedRunFile = z.looseObject({
  run_id: text,
  status: text,
  input: text,
  version: text,
  started_at: text,
  finished_at: text,
  counts: z.looseObject({ pending: amount }).optional().catch(undefined),
  cost_usd: amount,
  all_invocations: z.looseObject({ cost_usd: amount, unpriced_calls: amount }).optional().catch(undefined),
  steps: z.record(z.string(), z.unknown()).optional().catch(undefined),
});

const StepFile = z.looseObject({
  model: text,
  calls: amount,
  cached: amount,
  cost_usd: amount,
  tokens: z.looseObject({ input: amount, output: amount, thinking: amount }).optional().catch(undefined),
});

/** Reads `run.json`; results without a readable one have no facts. */
export async function readRunFacts(results: FileStore): Promise<RunFacts> {
  const parsed = ReportedRunFile.safeParse(await readJsonFile(results, 'run.json'));
  if (!parsed.success) return { steps: [] };
  const run = parsed.data;
  return defined({
    runId: run.run_id,
    input: run.input,
    version: run.version,
    started: run.started_at,
    finished: run.finished_at,
    pending: run.status === 'finished' ? undefined : run.counts?.pending, // its own limit or sample left out the rest
    costUsd: run.cost_usd,
    costOfAllUsd: run.all_invocations?.unpriced_calls === 0 ? run.all_invocations.cost_usd : undefined,
    steps: Object.entries(run.steps ?? {}).map(([name, step]) => readStepFacts(name, step)),
  });
}

const ImageBases = z.looseObject({
  image_base: text,
  spec: z
    .looseObject({ data: z.looseObject({ image_root: text }).optional().catch(undefined) })
    .optional()
    .catch(undefined),
});

/** Where `run.json` says that relative image paths begin. */
export async function readImageBases(results: FileStore): Promise<string[]> {
  const run = ImageBases.safeParse(await readJsonFile(results, 'run.json')).data;
  return [run?.spec?.data?.image_root, run?.image_base].filter((base): base is string => base !== undefined && base !== '');
}

function readStepFacts(name: string, value: unknown): StepRunFacts {
  const step = StepFile.safeParse(value).data;
  const output = step?.tokens?.output === undefined ? undefined : step.tokens.output + (step.tokens.thinking ?? 0);
  return defined({
    name,
    model: step?.model,
    calls: step?.calls,
    cached: step?.cached,
    inputTokens: step?.tokens?.input,
    outputTokens: output,
    costUsd: step?.cost_usd,
  });
}

/** The same without its undefined fields. */
function defined<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
