import { z } from 'zod';
import { ScoreSource } from './annotation-record.ts';
import { RunTokens } from './usage.ts';

const count = z.int().nonnegative();
const counts = z.record(z.string(), count);
/** Absent where a price or the tokens are not known. */
const usd = z.number().nonnegative().optional();

/** `running`, `finished` and `stopped` are states of a run with samples; AWS writes the others before the first sample, or instead of it. */
export const RunStatus = z.enum(['running', 'finished', 'stopped', 'preparing', 'waiting', 'superseded', 'needs_approval', 'dry_run']);
export type RunStatus = z.infer<typeof RunStatus>;

/** A result file as a run wrote it. */
export const FileFacts = z.strictObject({
  sha256: z.string(),
  bytes: count,
  lines: count,
  /** Lines of completed samples; `output.compat: tao` writes a line for failed ones too. */
  completed: count.optional(),
  /** The hash of the file that this one replaces, while the run puts its files in place. */
  replaced: z.string().optional(),
});
export type FileFacts = z.infer<typeof FileFacts>;

/** One step of a run: its model, its calls in this run, and under `in_all` the calls behind these results, earlier runs included. */
export const RunFileStep = z.strictObject({
  backend: z.string(),
  model: z.string(),
  endpoint: z.string(),
  service_tier: z.string().optional(),
  prompt: z.string(),
  profile: z.string().optional(),
  score: ScoreSource.optional(),
  calls: count,
  /** Samples that took no call in this run. */
  cached: count,
  tokens: RunTokens,
  cost_usd: usd,
  in_all: z.strictObject({ calls: count, tokens: RunTokens, cost_usd: usd }),
});
export type RunFileStep = z.infer<typeof RunFileStep>;

/** Calls and cost over all invocations of a results folder, also the content of `spending.json`. */
export const InvocationTotals = z.strictObject({
  calls: count,
  /** Of the calls whose cost is known. */
  cost_usd: z.number().nonnegative(),
  unpriced_calls: count,
});

/** `run.json`: what ran, without secrets. Costs in USD, times in ISO 8601. */
export const RunFile = z.strictObject({
  run_id: z.string(),
  version: z.string(),
  status: RunStatus,
  /** Of a run without samples: its state, and what to do. */
  message: z.string().optional(),
  /** Why the run ended early. */
  stop: z.strictObject({ reason: z.string(), message: z.string() }).optional(),
  input: z.string(),
  input_sha256: z.string(),
  /** Where relative image paths begin, unless the spec names an `image_root`. */
  image_base: z.string(),
  started_at: z.string(),
  finished_at: z.string().optional(),
  seconds: z.number().optional(),
  counts: z.strictObject({ lines: count, done: count, partial: count, failed: count, pending: count, cached: count }),
  /** 1-based, in the input. */
  first_pending_line: z.int().positive().optional(),
  /** The run that first reprocessed all lines, if this run continues it. */
  forced_since: z.string().optional(),
  /** Failed samples by code. */
  failures: counts,
  expressions: count,
  boxes: count,
  /** Expressions by grounding. */
  groundings: counts,
  /** Expressions and boxes left out, by reason. */
  dropped: counts,
  /** Lines that state another size than their image has. */
  other_size: count.optional(),
  /** Of this invocation, pending samples and the check of the model included. */
  calls: count,
  cost_usd: usd,
  all_invocations: InvocationTotals.optional(),
  /** Of the calls behind these results, earlier runs included. */
  cost_in_all_usd: usd,
  /** By `step_0` and `step_1`. */
  steps: z.record(z.string(), RunFileStep),
  notices: z.array(z.string()).optional(),
  /** By path below the results. */
  files: z.record(z.string(), FileFacts),
  /** The settings, without secrets. */
  spec: z.record(z.string(), z.unknown()),
});
export type RunFile = z.infer<typeof RunFile>;

/** `run.json` on AWS before, or instead of, the work on samples: `message` states the reason. */
export const EarlyRunFile = RunFile.pick({
  run_id: true,
  version: true,
  status: true,
  message: true,
  stop: true,
  input: true,
  started_at: true,
}).extend({
  counts: z.strictObject({ done: count, failed: count }).optional(),
  /** Lines in the run, and their mean image size. */
  samples: count.optional(),
  mean_image_bytes: count.optional(),
  estimate: z.strictObject({ calls: z.number(), cost_usd: usd }).optional(),
  /** The input of the execution that approves the cost. */
  start_input: z.record(z.string(), z.unknown()).optional(),
});
export type EarlyRunFile = z.infer<typeof EarlyRunFile>;
/** The facts of an early run file besides its identity. */
export type EarlyRunFacts = Pick<EarlyRunFile, 'stop' | 'counts' | 'samples' | 'mean_image_bytes' | 'estimate' | 'start_input'>;
