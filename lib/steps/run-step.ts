import { SampleError } from '#core/errors.ts';
import type { CheckpointStore, StepName, Usage, VisionLanguageModel } from '#core/ports.ts';
import type { ModelProfile } from '#core/profile.ts';
import type { Sample } from '#core/sample.ts';
import type { Settings } from '#core/settings.ts';
import { addUsage, noUsage } from '#core/usage.ts';
import { type Checkpoint, readCheckpoint, type StepFailure } from './checkpoint.ts';
import { type Conversation, headOf, openConversation } from './conversation.ts';
import type { Extraction } from './extract.ts';
import { fingerprintsOf } from './fingerprint.ts';
import type { GroundingOutput } from './ground.ts';
import type { Counts } from './question.ts';
import { extractExpressions } from './run-extraction.ts';
import { groundExpressions } from './run-grounding.ts';
import type { ImageFacts, SampleImage } from './sample-image.ts';

export type { ImageFacts } from './sample-image.ts';

/** What a step needs besides its sample. The same objects for all samples of a run: what they share is hashed once. */
export interface StepContext {
  readonly settings: Settings;
  readonly connection: { readonly model: VisionLanguageModel; readonly profile: ModelProfile };
  readonly checkpoints: CheckpointStore;
  readonly image: SampleImage;
  readonly signal: AbortSignal;
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
      readonly dropped: Counts;
      readonly attempts: number;
    }
  | ({ readonly status: 'failed'; readonly usage: Usage } & StepFailure);

/** Step 0 of one sample. Throws `SampleError` for its image, `RunStopError`, or an `AbortError`. */
export async function runExtraction(sample: Pick<Sample, 'sampleId' | 'caption'>, context: StepContext): Promise<StepResult<Extraction>> {
  const { settings, connection } = context;
  const input = { caption: sample.caption, settings: settings.extraction, profile: connection.profile };
  return runStep<Extraction>(sample.sampleId, context, {
    step: 'step_0',
    subject: [sample.caption],
    read: (body) => readCheckpoint('step_0', body),
    isFinished: () => true,
    settle: (conversation) => extractExpressions(input, conversation),
  });
}

/** Step 1 of one sample, to the same rules. An expression that stayed unanswered is asked for again by later runs, but not for a repeat of its line. */
export async function runGrounding(
  sample: Pick<Sample, 'sampleId' | 'repeat'>,
  extraction: Extraction,
  context: StepContext,
): Promise<StepResult<GroundingOutput>> {
  const { settings, connection, image, signal } = context;
  const { cleanedCaption, expressions } = extraction;
  return runStep<GroundingOutput>(sample.sampleId, context, {
    step: 'step_1',
    subject: [cleanedCaption, expressions.map(({ text, nounChunk }) => [text, nounChunk])],
    read: (body) => readCheckpoint('step_1', body),
    isFinished: ({ expressions: done }) => sample.repeat > 0 || done.every(({ grounding }) => grounding !== 'unanswered'),
    settle: async (conversation, facts, earlier, keep) => {
      const sent = await image.sendable(connection.profile.image, signal);
      const frame = { caption: cleanedCaption, settings: settings.grounding, profile: connection.profile, sent, upright: facts };
      return groundExpressions({ ...frame, expressions, earlier, keep }, conversation);
    },
  });
}

interface Progress<Output> {
  readonly output: Output;
  readonly dropped: Counts;
}

/** What differs between steps. */
interface Step<Output> {
  readonly step: StepName;
  /** What of the sample determines the replies, besides its image. */
  readonly subject: readonly unknown[];
  read(body: string): Checkpoint<Output> | undefined;
  isFinished(output: Output): boolean;
  settle(
    conversation: Conversation,
    image: ImageFacts,
    earlier: Progress<Output> | undefined,
    keep: (progress: Progress<Output>) => Promise<void>,
  ): Promise<Progress<Output>>;
}

/** Checkpoint → image → model → parse → checkpoint. */
async function runStep<Output>(sampleId: string, context: StepContext, definition: Step<Output>): Promise<StepResult<Output>> {
  const { settings, connection, checkpoints, image, signal, beforeCall, onUsage } = context;
  const { step, subject, read, isFinished, settle } = definition;
  const latest = await checkpoints.latest(sampleId, step);
  const latestBody = latest && read(latest.body);
  const facts = await image.facts({ recorded: latestBody?.image, signal });
  const fingerprint = fingerprintsOf(step, connection, settings)(facts.identity, subject);
  const earlier = await recall(latest?.fingerprint, fingerprint);
  const before = earlier && 'failed' in earlier ? earlier.failed.attempts : 0;
  if (earlier && 'output' in earlier && !earlier.begun && isFinished(earlier.output)) {
    const { output, usage, dropped } = earlier;
    return { status: 'ok', output, image: facts, cached: true, usage, dropped, attempts: before };
  }

  const sent = await image.sendable(connection.profile.image, signal);
  const conversation = openConversation({
    model: connection.model,
    image: sent,
    signal,
    ...(beforeCall && { beforeCall }),
    ...(onUsage && { onUsage }),
  });
  const put = (rest: Omit<Checkpoint<Output>, 'image' | 'usage'>) => {
    const usage = addUsage(earlier?.usage ?? noUsage, conversation.usage());
    return checkpoints.put({ sampleId, step, fingerprint, body: JSON.stringify({ image: facts, usage, ...rest }) });
  };
  try {
    const known = earlier && 'output' in earlier ? earlier : undefined;
    const { output, dropped } = await settle(conversation, facts, known, (progress) => put({ ...progress, begun: true }));
    await put({ output, dropped });
    return { status: 'ok', output, image: facts, cached: false, usage: conversation.usage(), dropped, attempts: before + 1 };
  } catch (error) {
    if (!(error instanceof SampleError)) throw error;
    const { code, message, replyHead } = error;
    const failed = { code, message, attempts: before + 1, ...(replyHead !== undefined && { replyHead: headOf(replyHead) }) };
    await put({ failed });
    return { status: 'failed', usage: conversation.usage(), ...failed };
  }

  async function recall(latestFingerprint: string | undefined, wanted: string): Promise<Checkpoint<Output> | undefined> {
    if (latestFingerprint === undefined) return undefined;
    if (latestFingerprint === wanted) return latestBody;
    const body = await checkpoints.get({ sampleId, step, fingerprint: wanted });
    return body === undefined ? undefined : read(body);
  }
}
