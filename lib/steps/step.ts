import type { Size } from '#core/box.ts';
import type { ModelProfile } from '#core/model-profile.ts';
import type { ModelReply, StepName } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import type { CheckpointReader } from './checkpoint.ts';
import type { AskOptions } from './conversation.ts';
import type { DroppedCounts, Question } from './question.ts';

/** The part of a sample that a step works on. */
export interface StepInput {
  readonly sampleId: string;
}

/** The conditions under which a step asks its questions. */
export interface StepFrame {
  readonly settings: Settings;
  readonly profile: ModelProfile;
  /** Size of the image as it is sent. */
  readonly sent: Size;
  /** Size of the image in the upright frame of the records. */
  readonly upright: Size;
}

/** An output, perhaps not yet complete, and the counts of dropped items. */
export interface StepProgress<Output> {
  readonly output: Output;
  readonly dropped: DroppedCounts;
}

/** One call of a step. `after` is set on a repeated call and describes its first reply. */
export interface StepCall<Request> {
  readonly request: Request;
  readonly after?: AskOptions | undefined;
}

/** The state of a step between two calls. The step is complete when no call is left. */
export interface StepState<Output, Request> {
  /** `undefined` while no reply was usable. */
  readonly progress: StepProgress<Output> | undefined;
  /** Calls to make before the remaining ones. */
  readonly calls: readonly StepCall<Request>[];
}

/**
 * One step of the pipeline as a value. All members are pure: `runStep` does the I/O.
 * `Request` is the input of the step's pure pair; it describes one call.
 */
export interface Step<Input extends StepInput, Output, Request> {
  readonly name: StepName;
  /** The parts of the input that determine the replies, besides the image. They are part of the fingerprint. */
  fingerprintSubject(input: Input): readonly unknown[];
  readonly readCheckpoint: CheckpointReader<Output>;
  /** Whether a stored output has the parts that this input needs. */
  fits(input: Input, output: Output): boolean;
  /** Whether a stored output can be used without further calls. */
  isFinished(input: Input, output: Output): boolean;
  /** The calls that the input needs. `earlier` is the progress of an earlier run. */
  plan(input: Input, frame: StepFrame, earlier: StepProgress<Output> | undefined): StepState<Output, Request>;
  /** The question of one call. */
  prompt(request: Request): Question;
  /** Reads the reply to a call. Throws `SampleError` where the sample has no usable reply. */
  apply(request: Request, reply: ModelReply, progress: StepProgress<Output> | undefined): StepState<Output, Request>;
}
