import type { EarlyRunFacts } from '#core/run-file.ts';
import type { CheckedLines } from './check-lines.ts';
import { type EarlyStatus, writeEarlyRunFile } from './early-run-file.ts';
import { estimateRun } from './estimate-run.ts';
import type { Preparation } from './preparation.ts';
import type { PrepareOutcome } from './prepare-outcome.ts';
import type { ResolvedSpec } from './resolve-spec.ts';

/** Ends a dry run, and a run started by an upload whose estimate exceeds the limit of the environment. */
export async function endBeforeCalls(
  preparation: Preparation,
  { settings }: ResolvedSpec,
  { samples, asked }: Pick<CheckedLines, 'samples' | 'asked'>,
  meanImageBytes: number,
): Promise<PrepareOutcome | undefined> {
  const { cloud, start } = preparation;
  const estimate = estimateRun(settings, asked, cloud.clock.now(), cloud.variables.OWN_MODEL_HOSTS);
  const { costUsd, knownUsd, unpriced } = estimate;
  const cost = costUsd === undefined ? unknownCost(knownUsd) : `about $${costUsd.toFixed(2)}`;
  const facts = { samples, estimate: { calls: estimate.calls, cost_usd: costUsd }, mean_image_bytes: Math.round(meanImageBytes) };
  if (start.dry_run)
    return endEarly(preparation, 'dry_run', `${samples} samples would cost ${cost} without checkpoints of earlier runs`, facts);
  const limit = cloud.variables.MAX_UNATTENDED_USD;
  // Private hosts and the environment's own servers bill nothing, so they need no price.
  if (start.uploaded === undefined || (unpriced === undefined && knownUsd <= limit)) return undefined;
  const { uploaded: _, ...approved } = start;
  const message = `needs approval: ${samples} samples would cost ${cost}; this environment spends up to $${limit} without approval (maxUnattendedUsd); fix: to approve, start an execution with the input ${JSON.stringify(approved)}`;
  return endEarly(preparation, 'needs_approval', message, { ...facts, start_input: approved });
}

function unknownCost(knownUsd: number): string {
  const least = knownUsd > 0 ? `at least $${knownUsd.toFixed(2)}` : 'an unknown amount';
  return `${least} (no price is known for the model)`;
}

/** Shows in `run.json` and in the run state that a run waits, and for what. */
export async function writeWaiting(preparation: Preparation, message: string): Promise<void> {
  await writeEarlyRunFile(earlyRun(preparation), 'waiting', message);
  await preparation.cloud.runStateStore(preparation.paths.runId).describe({ phase: message });
}

/** Ends a run that has no work, or needs approval. */
export async function endEarly(preparation: Preparation, status: EarlyStatus, message: string, facts: EarlyRunFacts = {}) {
  await writeEarlyRunFile(earlyRun(preparation), status, message, facts);
  await preparation.cloud.runStateStore(preparation.paths.runId).describe({ phase: status });
  return { status: 'ended', reason: message } as const;
}

function earlyRun({ cloud, event, start, paths, version }: Preparation) {
  return { bucket: cloud.bucket, paths, startedAt: event.startedAt, version, input: start.input };
}
