import { SampleError } from '#core/errors.ts';
import type { ImageFacts } from '#core/image-facts.ts';
import type { ModelProfile } from '#core/model-profile.ts';
import type { CheckpointKey, CheckpointStore, SentImage, StepName, Usage, VisionLanguageModel } from '#core/ports.ts';
import type { Sample } from '#core/sample.ts';
import type { Settings } from '#core/settings.ts';
import { unreadableCheckpoint } from '#core/unreadable-checkpoint.ts';
import { addUsage, noUsage } from '#core/usage.ts';
import { type Checkpoint, readCheckpoint, type StepFailure } from './checkpoint.ts';
import { type Conversation, cutReplyHead, openConversation } from './conversation.ts';
import type { Extraction } from './extract/extract.ts';
import { extractExpressions } from './extract/run-extraction.ts';
import { createFingerprints } from './fingerprint.ts';
import type { GroundingOutput } from './ground/ground.ts';
import { groundExpressions } from './ground/run-grounding.ts';
import type { DroppedCounts } from './question.ts';
import type { SampleImage } from './sample-image.ts';

/** What a step needs besides its sample. The same objects for all samples of a run: what they share is hashed once. */
export interface StepContext {
  readonly settings: Settings;
  readonly connection: { readonly model: VisionLanguageModel; readonly profile: ModelProfile };
  readonly checkpoints: CheckpointStore;
  readonly image: SampleImage;
  readonly signal: AbortSignal;
  /** Equal lines of one run share a failure, where the run has a name. */
  readonly runId?: string | undefined;
  /** Before every call; throws to keep it from being made. */
  beforeCall?(): void | Promise<void>;
  onUsage?(model: string, usage: Usage): void;
}

/** A step's output, or why the sample failed. `output` hangs on replies alone, never on attempts or on what was cached. */
export type StepResult<Output> =
  | {
      readonly status: 'ok';
      readonly output: Output;
      readonly image: ImageFacts;
      /** Settled without a call. */
      readonly cached: boolean;
      /** Tokens of this run's calls; of a cached output those it once took. */
      readonly usage: Usage;
      readonly dropped: DroppedCounts;
      readonly attempts: number;
    }
  | ({ readonly status: 'failed'; readonly usage: Usage; readonly image: ImageFacts } & StepFailure);

/** Step 0 of one sample. Throws `SampleError` for its image, `RunStopError`, or an `AbortError`. */
export async function runExtraction(sample: Pick<Sample, 'sampleId' | 'caption'>, context: StepContext): Promise<StepResult<Extraction>> {
  const { settings, connection } = context;
  const input = { caption: sample.caption, settings: settings.extraction, profile: connection.profile };
  return runStep<Extraction>(sample.sampleId, context, {
    step: 'step_0',
    subject: [sample.caption],
    read: (body) => readCheckpoint('step_0', body),
    fits: () => true,
    isFinished: () => true,
    execute: ({ conversation }) => extractExpressions(input, conversation),
  });
}

/** Step 1 of one sample, to the same rules. An expression that stayed unanswered is asked for again by later runs, but not for a repeat of its line. */
export async function runGrounding(
  sample: Pick<Sample, 'sampleId' | 'repeat'>,
  extraction: Extraction,
  context: StepContext,
): Promise<StepResult<GroundingOutput>> {
  const { settings, connection } = context;
  const { cleanedCaption, expressions } = extraction;
  return runStep<GroundingOutput>(sample.sampleId, context, {
    step: 'step_1',
    subject: [cleanedCaption, expressions.map(({ text, nounChunk }) => [text, nounChunk])],
    read: (body) => readCheckpoint('step_1', body),
    fits: ({ expressions: done }) => done.length === expressions.length,
    isFinished: ({ expressions: done }) => sample.repeat > 0 || done.every(({ grounding }) => grounding !== 'unanswered'),
    execute: ({ conversation, sent, facts, earlier, keep }) => {
      const { profile } = connection;
      const frame = { caption: cleanedCaption, settings: settings.grounding, profile, sent, upright: facts };
      return groundExpressions({ ...frame, expressions, earlier, keep }, conversation);
    },
  });
}

interface Progress<Output> {
  readonly output: Output;
  readonly dropped: DroppedCounts;
}

/** What differs between steps. */
interface Step<Output> {
  readonly step: StepName;
  /** What of the sample determines the replies, besides its image. */
  readonly subject: readonly unknown[];
  read(body: string): Checkpoint<Output> | undefined;
  /** Whether a stored output has what this very sample needs. */
  fits(output: Output): boolean;
  isFinished(output: Output): boolean;
  execute(work: StepInProgress<Output>): Promise<Progress<Output>>;
}

interface StepInProgress<Output> {
  readonly conversation: Conversation;
  readonly sent: SentImage;
  readonly facts: ImageFacts;
  readonly earlier: Progress<Output> | undefined;
  /** Remembers what is paid for while more is asked. */
  keep(progress: Progress<Output>): Promise<void>;
}

/** Checkpoint → image → model → parse → checkpoint. */
async function runStep<Output>(sampleId: string, context: StepContext, definition: Step<Output>): Promise<StepResult<Output>> {
  const { settings, connection, checkpoints, image } = context;
  const { step, subject, read, fits, isFinished } = definition;
  const latest = await checkpoints.latest(sampleId, step);
  const latestBody = latest && read(latest.body);
  const facts = await image.facts({ recorded: latestBody?.image, signal: context.signal });
  const fingerprint = createFingerprints(step, connection, settings)(facts.identity, subject);
  const key = { sampleId, step, fingerprint };
  const body = latest?.fingerprint === fingerprint ? latest.body : latest && (await checkpoints.get(key));
  const earlier = body === undefined ? undefined : body === latest?.body ? latestBody : read(body);
  if (body !== undefined && earlier === undefined) throw unreadableCheckpoint(checkpoints.locationOf(key), 'content of another form');
  const { output, usage = noUsage, dropped = {}, failed, begun } = earlier ?? {};
  if (output && !fits(output)) throw unreadableCheckpoint(checkpoints.locationOf(key), 'another number of expressions than the sample has');
  if (output && !failed && !begun && isFinished(output)) {
    return { status: 'ok', output, image: facts, cached: true, usage, dropped, attempts: 0 };
  }
  if (failed?.run !== undefined && failed.run === context.runId) return composeStepFailure(failed, noUsage, facts);
  return executeStep(context, definition, { key, facts, usage, attempts: failed?.attempts ?? 0, progress: output && { output, dropped } });
}

interface Begun<Output> {
  readonly key: CheckpointKey;
  readonly facts: ImageFacts;
  /** What earlier runs took, how many of them failed, and how far they came. */
  readonly usage: Usage;
  readonly attempts: number;
  readonly progress: Progress<Output> | undefined;
}

async function executeStep<Output>(context: StepContext, { execute }: Step<Output>, begun: Begun<Output>): Promise<StepResult<Output>> {
  const { connection, checkpoints, image, signal } = context;
  const { key, facts } = begun;
  const attempts = begun.attempts + 1;
  const sent = await image.sendable(connection.profile.image, signal);
  const conversation = openConversation({ ...context, model: connection.model, image: sent });
  let progress = begun.progress;
  const put = (rest: Omit<Checkpoint<Output>, 'image' | 'usage'>) => {
    const usage = addUsage(begun.usage, conversation.usage());
    return checkpoints.put({ ...key, body: JSON.stringify({ image: facts, usage, ...rest }) });
  };
  const keep = async (soFar: Progress<Output>) => {
    progress = { output: soFar.output, dropped: { ...soFar.dropped } };
    await put({ ...progress, begun: true });
  };
  try {
    const { output, dropped } = await execute({ conversation, sent, facts, earlier: progress, keep });
    await put({ output, dropped });
    return { status: 'ok', output, image: facts, cached: false, usage: conversation.usage(), dropped, attempts };
  } catch (error) {
    if (!(error instanceof SampleError)) throw error;
    const { code, message, replyHead } = error;
    const failed = { code, message, attempts, ...(replyHead !== undefined && { replyHead: cutReplyHead(replyHead) }) };
    await put({ ...progress, failed: { ...failed, run: context.runId } });
    return composeStepFailure(failed, conversation.usage(), facts);
  }
}

function composeStepFailure({ code, message, attempts, replyHead }: StepFailure, usage: Usage, image: ImageFacts): StepResult<never> {
  return { status: 'failed', usage, image, code, message, attempts, ...(replyHead !== undefined && { replyHead }) };
}
