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

/** The model of one step with its profile. */
export interface ModelConnection {
  readonly model: VisionLanguageModel;
  readonly profile: ModelProfile;
  /** Base URL without credentials; `builtin` for the built-in model. */
  readonly endpoint: string;
  readonly scoreSource: ScoreSource;
}

export interface ModelConnections {
  readonly extraction: ModelConnection;
  readonly grounding: ModelConnection;
}

/** Shares pauses between the workers (Lambdas) of one run. Times are milliseconds of the clock. */
export interface SharedThrottle {
  /** This worker's share of a known limit. */
  readonly callsPerSecond?: number;
  /** Called when the server pauses this worker for more than two seconds. */
  onPause?(until: number): void;
  /** Called once. The argument pauses this worker when another one was throttled. */
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
  readonly memory?: EndpointMemory | undefined;
  readonly throttle?: SharedThrottle;
  /** The caller checks the boxes itself, so a known family gets no test pictures. */
  readonly checksItself?: boolean;
  /** Wraps every attempt of every call. */
  readonly attemptMiddleware?: AttemptMiddleware;
}

/** Limits and outages of one server and key, shared by the steps that use them. */
interface EndpointLimits {
  readonly pacer: Pacer;
  readonly retry: RetryOptions;
}

/**
 * Opens the models of a run. A step outside the run shares the connection of the other one.
 * Throws `RunStopError` when no call could succeed (no key, no convention …), `UsageError` for invalid settings.
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
  const anyModel = (grounding ?? extraction) as OpenedModel; // settings require at least one step
  const checked = afterCheck(options.checksItself ? undefined : grounding?.check);
  return { extraction: checked(extraction ?? anyModel), grounding: checked(grounding ?? anyModel) };
}

interface OpenedModel extends ModelConnection {
  readonly check?: ((signal: AbortSignal) => Promise<void>) | undefined;
}

/** Wraps connections so that the first request of any of them waits for the check. */
function afterCheck(check: OpenedModel['check']): (opened: OpenedModel) => ModelConnection {
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

/** Lists the models with one attempt: the user waits for the list or for the reason why there is none. */
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
  return { model: createModelFor(profile), profile, endpoint, scoreSource: profile.scores ? 'model' : 'none', check };
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

/** Fills in the model name where the server serves a single model. */
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
