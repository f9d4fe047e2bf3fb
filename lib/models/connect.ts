import type { ScoreSource } from '#core/annotation-record.ts';
import { RunStopError, UsageError } from '#core/errors.ts';
import type { ModelProfile } from '#core/model-profile.ts';
import type { Clock, VisionLanguageModel } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import type { ServedModel } from './adapters/adapter.ts';
import { CallError } from './adapters/call-error.ts';
import { type EndpointCapabilities, type EndpointMemory, recallCapabilities } from './endpoint-capabilities.ts';
import { type AttemptMiddleware, createLanguageModel } from './language-model.ts';
import { type ModelKeys, requireStepKeys } from './model-keys.ts';
import { createOutage } from './pacing/outage.ts';
import { createPacer, type Pacer } from './pacing/pacer.ts';
import type { RetryOptions } from './pacing/retry-call.ts';
import { chooseProfile, namedProfile } from './profiles/choose-profile.ts';
import { unknownProfile } from './profiles/profiles.ts';
import type { StepKind } from './step-endpoint.ts';
import { createAdapter, type StepModel, stepModel } from './step-model.ts';

/** Everything a step needs to know of its model. */
export interface ModelConnection {
  readonly model: VisionLanguageModel;
  readonly profile: ModelProfile;
  /** Base URL without credentials; `builtin` for the model that needs none. */
  readonly endpoint: string;
  readonly scoreSource: ScoreSource;
}

export interface ModelConnections {
  readonly extraction: ModelConnection;
  readonly grounding: ModelConnection;
}

/** Lets several workers of one run (Lambdas) brake together. Times are the clock's. */
export interface SharedThrottle {
  /** This worker's share of a known limit. */
  readonly callsPerSecond?: number;
  /** Told when this worker's server asked everything to wait for more than two seconds. */
  onPause?(until: number): void;
  /** Called once, with what to call when another worker was told to wait. */
  listen?(pauseUntil: (time: number) => void): void;
}

export interface ConnectOptions {
  readonly settings: Settings;
  readonly keys: ModelKeys;
  readonly maxWorkers: number;
  readonly clock: Clock;
  /** Uniform in [0,1). */
  readonly random: () => number;
  /** One line for the user. */
  readonly notice: (message: string) => void;
  readonly memory?: EndpointMemory;
  readonly throttle?: SharedThrottle;
  /** The caller looks at the boxes itself: a known family is not asked about test pictures before. */
  readonly checksItself?: boolean;
  /** Around every attempt of every call. */
  readonly attemptMiddleware?: AttemptMiddleware;
}

/** What steps share when they talk to the same server with the same key: its limits and its outages are theirs together. */
interface EndpointLimits {
  readonly pacer: Pacer;
  readonly retry: RetryOptions;
}

/**
 * Opens the models of a run. A step that the run does not take shares the other's connection.
 * Throws `RunStopError` when no call could succeed (no key, no convention …), `UsageError` for settings that make no sense.
 */
export async function connectModels(options: ConnectOptions, signal: AbortSignal): Promise<ModelConnections> {
  const { settings } = options;
  requireStepKeys(settings, options.keys);
  const endpointLimits = new Map<string, EndpointLimits>();
  const capabilities = new Map<string, EndpointCapabilities>();
  const builtin = new Map<'builtin', OpenedModel>();
  const connect = (step: StepKind): OpenedModel | Promise<OpenedModel> => {
    const isBuiltin = (settings.vlm[step].backend ?? settings.vlm.backend) === 'builtin';
    return isBuiltin
      ? entry(builtin, 'builtin', () => connectBuiltin(options))
      : connectStep(step, options, endpointLimits, capabilities, signal);
  };
  const grounding = settings.workflow.steps.includes('1') ? await connect('grounding') : undefined;
  const extraction = settings.workflow.steps.includes('0') ? await connect('extraction') : undefined;
  const either = (grounding ?? extraction) as OpenedModel; // settings demand at least one step
  const checked = checkedFirst(options.checksItself ? undefined : grounding?.check);
  return { extraction: checked(extraction ?? either), grounding: checked(grounding ?? either) };
}

interface OpenedModel extends ModelConnection {
  readonly check?: (signal: AbortSignal) => Promise<void>;
}

/** Connections whose very first question, whichever of them it is, comes after the check. */
function checkedFirst(check: OpenedModel['check']): (opened: OpenedModel) => ModelConnection {
  let checking: Promise<void> | undefined;
  return ({ check: _, ...connection }) => {
    if (!check) return connection;
    const { model } = connection;
    const ask: VisionLanguageModel['ask'] = async (request, signal) => {
      checking ??= check(signal);
      await checking;
      return model.ask(request, signal);
    };
    return { ...connection, model: { backend: model.backend, model: model.model, ask } };
  };
}

/** The models that the endpoint of a step serves; none for `builtin`. */
export async function listServedModels(settings: Settings, step: StepKind, keys: ModelKeys, signal: AbortSignal): Promise<ServedModel[]> {
  if ((settings.vlm[step].backend ?? settings.vlm.backend) === 'builtin') return [];
  requireStepKeys(settings, keys);
  const model = stepModel(settings, step, keys);
  return modelsServed(model, signal);
}

/** Asked once: whoever wants a list wants it now, or to know why there is none. */
async function modelsServed(model: StepModel, signal: AbortSignal): Promise<ServedModel[]> {
  const adapter = await createAdapter(model, await recallCapabilities(undefined, model.target.endpoint, model.target.model), 1);
  try {
    return await adapter.listModels(signal);
  } catch (error) {
    throw error instanceof CallError ? new RunStopError('server_unreachable', error.message, { cause: error }) : error;
  } finally {
    await adapter.close();
  }
}

async function connectStep(
  step: StepKind,
  options: ConnectOptions,
  endpointLimits: Map<string, EndpointLimits>,
  endpointCapabilities: Map<string, EndpointCapabilities>,
  signal: AbortSignal,
): Promise<OpenedModel> {
  const model = await withModelName(stepModel(options.settings, step, options.keys), signal);
  const { endpoint, key } = model.target;
  const capabilities = await entry(endpointCapabilities, `${endpoint} ${model.target.model}`, () =>
    recallCapabilities(options.memory, endpoint, model.target.model),
  );
  const limits = await entry(endpointLimits, `${endpoint} ${key}`, () => openEndpointLimits(options));
  const adapter = await createAdapter(model, capabilities, options.maxWorkers);
  const createModelFor = (profile: ModelProfile) =>
    createLanguageModel({ adapter, profile, capabilities, attemptMiddleware: options.attemptMiddleware, ...limits });
  const { profile, check } =
    step === 'grounding'
      ? await chooseProfile({ vlm: options.settings.vlm, model, adapter, capabilities, createModelFor, notice: options.notice }, signal)
      : { profile: (await namedProfile({ model, adapter }, signal)) ?? unknownProfile };
  return { model: createModelFor(profile), profile, endpoint, scoreSource: profile.scores ? 'model' : 'none', ...(check && { check }) };
}

async function connectBuiltin({ notice }: ConnectOptions): Promise<ModelConnection> {
  const { builtinProfile, createBuiltin } = await import('./builtin/create-builtin.ts');
  return { model: await createBuiltin({ notice }), profile: builtinProfile, endpoint: 'builtin', scoreSource: 'detector' };
}

function openEndpointLimits({ settings, clock, random, maxWorkers, notice, throttle }: ConnectOptions): EndpointLimits {
  const pacer = createPacer({
    workers: maxWorkers,
    clock,
    requestsPerMinute: settings.vlm.requests_per_minute,
    tokensPerMinute: settings.vlm.tokens_per_minute,
    onPause: throttle?.onPause?.bind(throttle),
  });
  if (throttle?.callsPerSecond) pacer.limitRate(throttle.callsPerSecond);
  throttle?.listen?.((time) => pacer.pauseUntil(time));
  return { pacer, retry: { clock, random, outage: createOutage(clock, notice) } };
}

/** A server of one's own that serves a single model needs no name for it. */
async function withModelName(model: StepModel, signal: AbortSignal): Promise<StepModel> {
  if (model.target.model) return model;
  const served = await modelsServed(model, signal);
  const [only] = served;
  if (!only || served.length > 1)
    throw new UsageError(
      `${model.target.modelSetting} is empty; ${model.target.endpoint} serves ${served.map(({ id }) => id).join(', ') || 'no model'}`,
    );
  return { ...model, target: { ...model.target, model: only.id } };
}

async function entry<T>(map: Map<string, T>, key: string, make: () => T | Promise<T>): Promise<T> {
  const value = map.get(key) ?? (await make());
  map.set(key, value);
  return value;
}
