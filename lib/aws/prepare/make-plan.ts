import { connectModels, type ModelConnections } from '#models/connect.ts';
import { createBudget } from '#pipeline/budget.ts';
import { composeModelFacts } from '#pipeline/model-facts.ts';
import type { ImageRoots } from '../run-state/image-roots.ts';
import { runFiles } from '../run-state/run-paths.ts';
import { StoredPlan, writeStoredText } from '../run-state/stored-plan.ts';
import { requireAllowedHosts } from '../runtime/allowed-hosts.ts';
import { createEndpointItems } from '../runtime/endpoint-items.ts';
import type { CheckedLines } from './check-lines.ts';
import { computePartitioning } from './partitioning.ts';
import type { Preparation } from './preparation.ts';
import type { ResolvedSpec } from './resolve-spec.ts';

export interface PlanParts extends Preparation {
  readonly spec: ResolvedSpec;
  readonly imageRoots: ImageRoots;
  readonly checked: CheckedLines;
}

/** Connects to the models once, so that a wrong key, model or convention fails here and not in every worker. Then writes the plan. */
export async function makePlan(parts: PlanParts): Promise<StoredPlan> {
  const { cloud, event, start, paths, spec, imageRoots, checked } = parts;
  const { settings } = spec;
  const notices = [...spec.notices];
  const connections = await connect(parts, notices);
  const steps = composeModelFacts(connections, settings);
  createBudget(settings.workflow.budget_usd, () => cloud.clock.now()).requirePrices(Object.values(steps));
  const { requests_per_minute: perMinute } = settings.vlm;
  const partitioning = computePartitioning({
    samples: checked.samples,
    maxWorkers: settings.workflow.max_workers,
    maxLambdas: cloud.variables.MAX_LAMBDAS,
    callsPerSecond: perMinute === undefined ? undefined : perMinute / 60,
    longestLine: checked.longestLine,
  });
  const plan = StoredPlan.parse({
    runId: paths.runId,
    prefix: paths.prefix,
    executionArn: event.executionArn,
    startedAt: Date.parse(event.startedAt),
    settings,
    forcedSince: settings.workflow.force_reprocess ? spec.forcedSince : undefined,
    coordinates: steps.step_1 ? connections.grounding.profile.family : undefined,
    input: { uri: start.input, sha256: checked.sha256, lines: checked.lines, kind: checked.kind, plain: checked.plain },
    imageBase: imageRoots.base,
    imageFallback: imageRoots.fallbackRoot,
    samples: checked.samples,
    rejected: checked.rejected,
    firstUnchosenLine: checked.firstUnchosenLine,
    ...partitioning,
    steps,
    notices,
  });
  await writeStoredText(cloud.bucket, `${paths.prefix}/${runFiles.plan}`, JSON.stringify(plan));
  return plan;
}

async function connect({ cloud, secret, spec, remainingMs }: PlanParts, notices: string[]): Promise<ModelConnections> {
  requireAllowedHosts(spec.settings, cloud.variables.MODEL_HOSTS);
  const signal = AbortSignal.timeout(Math.max(1, remainingMs() - 10_000));
  const open = async () =>
    connectModels(
      {
        settings: spec.settings,
        keys: await secret.read(),
        maxWorkers: 1,
        clock: cloud.clock,
        random: Math.random,
        notice: (message) => void notices.push(message),
        memory: createEndpointItems({ client: cloud.dynamo, table: cloud.variables.TABLE }),
      },
      signal,
    );
  try {
    return await open();
  } catch (error) {
    // The owner may have changed the key after this container read the secret.
    if (await secret.refresh()) return open();
    throw error;
  }
}
