import { z } from 'zod';
import { UsageError } from '#core/errors.ts';
import { SpecStep } from '#core/step-names.ts';

const positive = z.int().min(1);
const StepNumber = z.union([SpecStep, z.literal(0).transform(() => '0' as const), z.literal(1).transform(() => '1' as const)]);

/** The input of an execution that is started from the console, by an upload or by `groundline start`. */
export const StartInput = z.strictObject({
  /** `s3://bucket/inputs/<dataset>/captions.jsonl`, or `failed.jsonl` in the folder of its run. */
  input: z.string(),
  /** Settings that override the spec file, nested or dotted; or `s3://…/spec.yaml`, which replaces it. */
  spec: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  limit: positive.optional(),
  sample: positive.optional(),
  seed: z.int().optional(),
  max_workers: positive.optional(),
  budget_usd: z.number().positive().optional(),
  steps: z.array(StepNumber).min(1).optional(),
  force_reprocess: z.boolean().optional(),
  /** The run that first set `force_reprocess`. Calls made since then are not repeated. */
  forced_since: z.string().min(1).optional(),
  /** Checks the input and estimates its cost; makes no model calls. */
  dry_run: z.boolean().optional(),
  /** Object versions of the upload, written by start-run. */
  uploaded: z.object({ captions: z.string(), spec: z.string().nullable() }).optional(),
});
export type StartInput = z.infer<typeof StartInput>;

/** Throws `UsageError` with the expected form of an input. */
export function parseStartInput(input: unknown): StartInput {
  const parsed = StartInput.safeParse(withoutServiceKeys(input));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`);
  throw new UsageError(
    `the execution's input cannot be used (${faults.join('; ')}): write {"input":"s3://bucket/inputs/<dataset>/captions.jsonl"}, with any of ${Object.keys(
      StartInput.shape,
    )
      .filter((name) => name !== 'input' && name !== 'uploaded')
      .join(', ')}`,
  );
}

/** Step Functions adds its own keys to the input of nested executions. */
function withoutServiceKeys(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  return Object.fromEntries(Object.entries(input).filter(([name]) => !name.startsWith('AWS_STEP_FUNCTIONS')));
}

/** The settings of a start input as overrides of a spec. */
export function listStartOverrides({ spec, limit, sample, seed, max_workers, budget_usd, steps, force_reprocess }: StartInput): string[] {
  const workflow = { limit, sample, seed, max_workers, budget_usd, steps, force_reprocess };
  return [...(typeof spec === 'object' ? flattened(spec, []) : []), ...flattened({ workflow }, [])];
}

/** Lists and values are written as JSON, which overrides accept. `${` is escaped, since it is no reference here. */
function flattened(tree: Readonly<Record<string, unknown>>, path: readonly string[]): string[] {
  return Object.entries(tree).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const here = [...path, key];
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return flattened(value as Record<string, unknown>, here);
    return [`${here.join('.')}=${JSON.stringify(value).replaceAll('${', '\\\\${')}`];
  });
}
