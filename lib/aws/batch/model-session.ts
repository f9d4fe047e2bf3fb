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

/** What a container keeps from batch to batch of one run: open connections with what their pacing has learned, and the link to the other workers. */
export interface ModelSession {
  readonly coordinator: RunCoordinator;
  /** Of this function's step, over all of its batches. */
  readonly internalErrors: InternalErrors;
  /** Opens the models where they are not open yet. Every attempt of every call goes through the gate of the batch at hand. */
  connect(signal: AbortSignal): Promise<ModelConnections>;
  /** The gate of a new batch; `onRefusal` is told at once when an answer ends the run, before another call can start. */
  openGate(limit: () => RunStopError | undefined, onRefusal: (error: RunStopError) => void): CallGate;
  /** Reads the keys again; when they are different now, the next `connect` uses them. */
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
    openGate(limit, whenRefused) {
      gate = createCallGate({ clock, limit });
      onRefusal = whenRefused;
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
                if (cost === undefined && budgetUsd !== undefined) onRefusal(createUnknownCostError(model, budgetUsd)); // prepare knew the price
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
 * The settings of one of many workers: its share of known limits, and the convention that prepare has found.
 * One of them looks at a self-hosted model before its first question; a run whose answers are all at hand asks none.
 */
function shareSettings({ settings, coordinates, lambdas }: StoredPlan, checks: boolean): StoredPlan['settings'] {
  const { vlm } = settings;
  return {
    ...settings,
    vlm: {
      ...vlm,
      ...(checks || coordinates === undefined ? {} : { coordinates, localisation_check: 'off' }),
      ...(vlm.requests_per_minute === undefined ? {} : { requests_per_minute: vlm.requests_per_minute / lambdas }),
      ...(vlm.tokens_per_minute === undefined ? {} : { tokens_per_minute: vlm.tokens_per_minute / lambdas }),
    },
  };
}
