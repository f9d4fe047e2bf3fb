import { SampleError } from '#core/errors.ts';
import type { ImageFacts } from '#core/image-facts.ts';
import type { ModelProfile } from '#core/model-profile.ts';
import type { CheckpointKey, CheckpointStore, Usage, VisionLanguageModel } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import { unreadableCheckpoint } from '#core/unreadable-checkpoint.ts';
import { addUsage, noUsage } from '#core/usage.ts';
import type { Checkpoint, StepFailure } from './checkpoint.ts';
import { cutReplyHead, openConversation } from './conversation.ts';
import { createFingerprints } from './fingerprint.ts';
import type { DroppedCounts } from './question.ts';
import type { SampleImage } from './sample-image.ts';
import type { Step, StepInput, StepProgress } from './step.ts';

/** What a step needs besides its input. Settings and connection are the same objects for all samples of a run, so that their hash is computed once. */
export interface StepContext {
  readonly settings: Settings;
  readonly connection: { readonly model: VisionLanguageModel; readonly profile: ModelProfile };
  readonly checkpoints: CheckpointStore;
  readonly image: SampleImage;
  readonly signal: AbortSignal;
  /** Equal lines of the run with this id share a failure. */
  readonly runId?: string | undefined;
  /** Runs before every call. Throws to prevent it. */
  readonly beforeCall?: (() => void | Promise<void>) | undefined;
}

/** The output of a step, or the reason why the sample failed. `output` depends on replies alone, not on attempts or on the cache. */
export type StepResult<Output> =
  | {
      readonly status: 'ok';
      readonly output: Output;
      readonly image: ImageFacts;
      /** No call was needed. */
      readonly cached: boolean;
      /** Tokens of this run's calls; for a cached output, of the calls that produced it. */
      readonly usage: Usage;
      readonly dropped: DroppedCounts;
      readonly attempts: number;
    }
  | ({ readonly status: 'failed'; readonly usage: Usage; readonly image: ImageFacts } & StepFailure);

/**
 * Runs a step for one sample: checkpoint → image → model → parse → checkpoint.
 * Throws `SampleError` for the image or an unreadable checkpoint, `RunStopError`, or an `AbortError`.
 */
export async function runStep<Input extends StepInput, Output, Request>(
  step: Step<Input, Output, Request>,
  input: Input,
  context: StepContext,
): Promise<StepResult<Output>> {
  const { settings, connection, checkpoints, image } = context;
  const latest = await checkpoints.latest(input.sampleId, step.name);
  const latestBody = latest && step.readCheckpoint(latest.body);
  const facts = await image.facts({ recorded: latestBody?.image, signal: context.signal });
  const fingerprint = createFingerprints(step.name, connection, settings)(facts.identity, step.fingerprintSubject(input));
  const key = { sampleId: input.sampleId, step: step.name, fingerprint };
  const body = latest?.fingerprint === fingerprint ? latest.body : latest && (await checkpoints.get(key));
  const earlier = body === undefined ? undefined : body === latest?.body ? latestBody : step.readCheckpoint(body);
  if (body !== undefined && earlier === undefined) throw unreadableCheckpoint(checkpoints.locationOf(key), 'content of another form');
  const { output, usage = noUsage, dropped = {}, failed, begun } = earlier ?? {};
  if (output && !step.fits(input, output))
    throw unreadableCheckpoint(checkpoints.locationOf(key), 'another number of expressions than the sample has');
  if (output && !failed && !begun && step.isFinished(input, output))
    return { status: 'ok', output, image: facts, cached: true, usage, dropped, attempts: 0 };
  if (failed?.run !== undefined && failed.run === context.runId) return composeStepFailure(failed, noUsage, facts);
  return makeCalls(step, input, context, {
    key,
    facts,
    usage,
    attempts: failed?.attempts ?? 0,
    progress: output && { output, dropped },
  });
}

/** The state that earlier runs left. */
interface EarlierWork<Output> {
  readonly key: CheckpointKey;
  readonly facts: ImageFacts;
  /** Tokens of the calls of earlier runs. */
  readonly usage: Usage;
  /** Number of earlier runs that failed. */
  readonly attempts: number;
  readonly progress: StepProgress<Output> | undefined;
}

async function makeCalls<Input extends StepInput, Output, Request>(
  step: Step<Input, Output, Request>,
  input: Input,
  { settings, connection, checkpoints, image, signal, runId, beforeCall }: StepContext,
  { key, facts, usage, attempts: earlierAttempts, progress: earlier }: EarlierWork<Output>,
): Promise<StepResult<Output>> {
  const { model, profile } = connection;
  const attempts = earlierAttempts + 1;
  const sent = await image.sendable(profile.image, signal);
  const conversation = openConversation({ model, image: sent, signal, beforeCall });
  const save = (rest: Omit<Checkpoint<Output>, 'image' | 'usage'>) => {
    const sum = addUsage(usage, conversation.usage());
    return checkpoints.put({ ...key, body: JSON.stringify({ image: facts, usage: sum, ...rest }) });
  };
  let saved = earlier;
  try {
    const state = step.plan(input, { settings, profile, sent, upright: facts }, earlier);
    const calls = [...state.calls];
    let { progress } = state;
    for (let call = calls.shift(); call; call = calls.shift()) {
      const reply = await conversation.ask(step.prompt(call.request), call.after);
      const next = step.apply(call.request, reply, progress);
      progress = next.progress;
      calls.unshift(...next.calls);
      if (calls.length === 0 || !progress) continue;
      saved = progress;
      await save({ ...progress, begun: true }); // the calls so far are not made again, whatever happens to the next one
    }
    if (!progress) throw new TypeError(`${step.name} of ${key.sampleId} ended without an output`);
    const { output, dropped } = progress;
    await save({ output, dropped });
    return { status: 'ok', output, image: facts, cached: false, usage: conversation.usage(), dropped, attempts };
  } catch (error) {
    if (!(error instanceof SampleError)) throw error;
    const { code, message, replyHead } = error;
    const failed = { code, message, attempts, replyHead: replyHead === undefined ? undefined : cutReplyHead(replyHead) };
    await save({ ...saved, failed: { ...failed, run: runId } });
    return composeStepFailure(failed, conversation.usage(), facts);
  }
}

function composeStepFailure({ code, message, attempts, replyHead }: StepFailure, usage: Usage, image: ImageFacts): StepResult<never> {
  return { status: 'failed', usage, image, code, message, attempts, replyHead };
}
