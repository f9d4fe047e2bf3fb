import { RunStopError, UsageError } from '#core/errors.ts';
import type { Clock, VisionLanguageModel } from '#core/ports.ts';
import type { ModelProfile } from '#core/profile.ts';
import type { ScoreSource } from '#core/record.ts';
import type { Settings } from '#core/settings.ts';
import type { ServedModel } from './adapter.ts';
import { CallError } from './call-error.ts';
import { chooseProfile, namedProfile } from './choose-profile.ts';
import { type EndpointKnowledge, type EndpointMemory, recallEndpoint } from './endpoint-memory.ts';
import { type AroundAttempt, createLanguageModel } from './language-model.ts';
import { type ModelKeys, requireStepKeys } from './model-keys.ts';
import { createOutage } from './outage.ts';
import { createPacer, type Pacer } from './pacer.ts';
import { unknownProfile } from './profiles.ts';
import type { RetryOptions } from './retry.ts';
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
export interface Brake {
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
  readonly brake?: Brake;
  /** The caller looks at the boxes itself: a known family is not asked about test pictures before. */
  readonly checksItself?: boolean;
  /** Around every attempt of every call. */
  readonly attempt?: AroundAttempt;
}

/** What steps share when they talk to the same server with the same key: its limits and its outages are theirs together. */
interface Line {
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
  const lines = new Map<string, Line>();
  const knowledge = new Map<string, EndpointKnowledge>();
  const builtin = new Map<'builtin', OpenedModel>();
  const connect = (step: StepKind): OpenedModel | Promise<OpenedModel> => {
    const isBuiltin = (settings.vlm[step].backend ?? settings.vlm.backend) === 'builtin';
    return isBuiltin ? entry(builtin, 'builtin', () => connectBuiltin(options)) : connectStep(step, options, lines, knowledge, signal);
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
  const adapter = await createAdapter(model, await recallEndpoint(undefined, model.asked.endpoint, model.asked.model), 1);
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
  lines: Map<string, Line>,
  known: Map<string, EndpointKnowledge>,
  signal: AbortSignal,
): Promise<OpenedModel> {
  const model = await withModelName(stepModel(options.settings, step, options.keys), signal);
  const { endpoint, key } = model.asked;
  const knowledge = await entry(known, `${endpoint} ${model.asked.model}`, () =>
    recallEndpoint(options.memory, endpoint, model.asked.model),
  );
  const line = await entry(lines, `${endpoint} ${key}`, () => openLine(options));
  const adapter = await createAdapter(model, knowledge, options.maxWorkers);
  const speak = (profile: ModelProfile) => createLanguageModel({ adapter, profile, knowledge, attempt: options.attempt, ...line });
  const { profile, check } =
    step === 'grounding'
      ? await chooseProfile({ vlm: options.settings.vlm, model, adapter, knowledge, speak, notice: options.notice }, signal)
      : { profile: (await namedProfile({ model, adapter }, signal)) ?? unknownProfile };
  return { model: speak(profile), profile, endpoint, scoreSource: profile.scores ? 'model' : 'none', ...(check && { check }) };
}

async function connectBuiltin({ notice }: ConnectOptions): Promise<ModelConnection> {
  const { builtinProfile, createBuiltin } = await import('./builtin/create-builtin.ts');
  return { model: await createBuiltin({ notice }), profile: builtinProfile, endpoint: 'builtin', scoreSource: 'detector' };
}

function openLine({ settings, clock, random, maxWorkers, notice, brake }: ConnectOptions): Line {
  const pacer = createPacer({
    workers: maxWorkers,
    clock,
    requestsPerMinute: settings.vlm.requests_per_minute,
    tokensPerMinute: settings.vlm.tokens_per_minute,
    onPause: brake?.onPause?.bind(brake),
  });
  if (brake?.callsPerSecond) pacer.limitRate(brake.callsPerSecond);
  brake?.listen?.((time) => pacer.pauseUntil(time));
  return { pacer, retry: { clock, random, outage: createOutage(clock, notice) } };
}

/** A server of one's own that serves a single model needs no name for it. */
async function withModelName(model: StepModel, signal: AbortSignal): Promise<StepModel> {
  if (model.asked.model) return model;
  const served = await modelsServed(model, signal);
  const [only] = served;
  if (!only || served.length > 1)
    throw new UsageError(
      `${model.asked.modelSetting} is empty; ${model.asked.endpoint} serves ${served.map(({ id }) => id).join(', ') || 'no model'}`,
    );
  return { ...model, asked: { ...model.asked, model: only.id } };
}

async function entry<T>(map: Map<string, T>, key: string, make: () => T | Promise<T>): Promise<T> {
  const value = map.get(key) ?? (await make());
  map.set(key, value);
  return value;
}
