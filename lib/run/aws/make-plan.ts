import { connectModels, type ModelConnections } from '#models/connect.ts';
import { modelFacts } from '#run/run-steps.ts';
import { createSpending } from '#run/spending.ts';
import { requireAllowedHosts } from './allowed-hosts.ts';
import type { CheckedLines } from './check-lines.ts';
import { createEndpointItems } from './endpoint-items.ts';
import { geometryOf } from './geometry.ts';
import type { ImagePlaces } from './image-places.ts';
import type { Preparing } from './prepare-run.ts';
import type { ResolvedSpec } from './resolve-spec.ts';
import { runFiles } from './run-place.ts';
import { StoredPlan, writeText } from './stored-plan.ts';

export interface PlanParts extends Preparing {
  readonly spec: ResolvedSpec;
  readonly places: ImagePlaces;
  readonly checked: CheckedLines;
}

/** Opens the models once, so that a wrong key, model or convention is met here and not by every worker, and settles the rest. */
export async function makePlan(parts: PlanParts): Promise<StoredPlan> {
  const { cloud, event, start, place, spec, places, checked } = parts;
  const { settings } = spec;
  const notices = [...spec.notices];
  const connections = await connect(parts, notices);
  const steps = modelFacts(connections, settings);
  createSpending(settings.workflow.budget_usd, () => cloud.clock.now()).requirePrices(Object.values(steps));
  const { requests_per_minute: perMinute } = settings.vlm;
  const geometry = geometryOf({
    samples: checked.samples,
    maxWorkers: settings.workflow.max_workers,
    maxLambdas: cloud.variables.MAX_LAMBDAS,
    callsPerSecond: perMinute === undefined ? undefined : perMinute / 60,
    longestLine: checked.longestLine,
  });
  const plan = StoredPlan.parse({
    runId: place.runId,
    prefix: place.prefix,
    executionArn: event.executionArn,
    startedAt: Date.parse(event.startedAt),
    settings,
    ...(settings.workflow.force_reprocess && spec.forcedSince !== undefined ? { forcedSince: spec.forcedSince } : {}),
    ...(steps.step_1 ? { coordinates: connections.grounding.profile.family } : {}),
    input: { uri: start.input, sha256: checked.sha256, lines: checked.lines, kind: checked.kind, plain: checked.plain },
    imageBase: places.base,
    ...(places.otherwise === undefined ? {} : { imageFallback: places.otherwise }),
    samples: checked.samples,
    rejected: checked.rejected,
    ...(checked.firstUnchosenLine === undefined ? {} : { firstUnchosenLine: checked.firstUnchosenLine }),
    ...geometry,
    steps,
    notices,
  });
  await writeText(cloud.bucket, `${place.prefix}/${runFiles.plan}`, JSON.stringify(plan));
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
    // A key that was put in after this container had read the secret.
    if (await secret.refresh()) return open();
    throw error;
  }
}
