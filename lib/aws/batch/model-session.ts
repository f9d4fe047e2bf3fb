import { RunStopError } from '#core/errors.ts';
import { type StepName, stepNames } from '#core/step-names.ts';
import type { ModelConnection, ModelConnections } from '#models/connect.ts';
import { connectModels } from '#models/connect.ts';
import { computeCost } from '#output/compose-run-file.ts';
import { createUnknownCostError } from '#pipeline/budget.ts';
import { type CallGate, createCallGate } from '#pipeline/call-gate.ts';
import { createInternalErrors, type InternalErrors } from '#pipeline/internal-errors.ts';
import { createRunCoordinator, type RunCoordinator } from '../run-state/run-coordinator.ts';
import type { StoredPlan } from '../run-state/stored-plan.ts';
import { requireAllowedHosts } from '../runtime/allowed-hosts.ts';
import type { Cloud } from '../runtime/cloud.ts';
import { createEndpointItems } from '../runtime/endpoint-items.ts';
import type { ModelSecret } from '../runtime/model-secret.ts';

/** The state of a container that all of its batches of one run share: connections with their measured pacing, and the coordination with other workers. */
export interface ModelSession {
  readonly coordinator: RunCoordinator;
  /** Counts the internal errors of this function's step, over all batches. */
  readonly internalErrors: InternalErrors;
  /** Opens the models once. Every attempt of every call passes through the gate of the current batch. */
  connect(signal: AbortSignal): Promise<ModelConnections>;
  /** Opens the gate of a new batch. `onRefusal` runs as soon as a reply ends the run, before another call can start. */
  openGate(limit: () => RunStopError | undefined, onRefusal: (error: RunStopError) => void): CallGate;
  /** Reads the keys again. Returns whether they changed; then the next `connect` uses the new ones. */
  renewKeys(): Promise<boolean>;
}

export function createModelSession(cloud: Cloud, secret: ModelSecret, plan: StoredPlan): ModelSession {
  const { clock, log, variables } = cloud;
  const { settings, callsPerLambda: maxWorkers } = plan;
  const budgetUsd = settings.workflow.budget_usd;
  const store = cloud.runStateStore(plan.runId);
  const coordinator = createRunCoordinator({ store, clock, budgetUsd });
  let gate: CallGate | undefined;
  let onRefusal: (error: RunStopError) => void = () => {};
  let connections: Promise<ModelConnections> | undefined;

  return {
    coordinator,
    internalErrors: createInternalErrors({
      get stopped() {
        return gate?.stopped;
      },
    }),
    openGate(limit, handleRefusal) {
      gate = createCallGate({ clock, limit });
      onRefusal = handleRefusal;
      return gate;
    },
    async connect(signal) {
      requireAllowedHosts(settings, variables.MODEL_HOSTS);
      connections ??= Promise.all([secret.read(), store.claim('localisation check')]).then(([keys, checks]) =>
        connectModels(
          {
            settings: shareSettings(plan, checks),
            keys,
            maxWorkers,
            clock,
            random: Math.random,
            notice: (message) => {
              log.warn(message);
              void store.addNotice(message);
            },
            memory: createEndpointItems({ client: cloud.dynamo, table: variables.TABLE }),
            throttle: coordinator.throttle,
            attemptMiddleware: async (send, model) => {
              await coordinator.beforeCall();
              const { attempt } = gate ?? { attempt: (unguarded: typeof send) => unguarded() };
              return attempt(async () => {
                const reply = await send().catch((error: unknown) => {
                  if (error instanceof RunStopError) onRefusal(error);
                  throw error;
                });
                const cost = computeCost(model, reply.usage, clock.now());
                coordinator.count({ calls: 1, spent: cost ?? 0 });
                if (cost === undefined && budgetUsd !== undefined) onRefusal(createUnknownCostError(model, budgetUsd)); // prepare checked that the price is known
                return reply;
              });
            },
          },
          signal,
        ),
      );
      try {
        return await connections;
      } catch (error) {
        connections = undefined;
        throw error;
      }
    },
    async renewKeys() {
      const renewed = await secret.refresh();
      if (renewed) connections = undefined;
      return renewed;
    },
  };
}

export const selectConnection = (connections: ModelConnections, step: StepName): ModelConnection => connections[stepNames[step].role];

/**
 * The settings of one of many workers: its share of the limits, and the box convention that prepare found.
 * One worker checks the convention of a self-hosted model before its first question (`checksModel`). A run without calls checks nothing.
 */
function shareSettings({ settings, coordinates, lambdas }: StoredPlan, checksModel: boolean): StoredPlan['settings'] {
  const { vlm } = settings;
  const share = (limit: number | undefined) => limit && limit / lambdas;
  const convention = checksModel || coordinates === undefined ? vlm : { coordinates, localisation_check: 'off' as const };
  return {
    ...settings,
    vlm: {
      ...vlm,
      coordinates: convention.coordinates,
      localisation_check: convention.localisation_check,
      requests_per_minute: share(vlm.requests_per_minute),
      tokens_per_minute: share(vlm.tokens_per_minute),
    },
  };
}
