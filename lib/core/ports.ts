import type { Tier } from './model-profile.ts';
import type { StepName } from './step-names.ts';
import type { Usage } from './usage.ts';

export type { StepName } from './step-names.ts';
export type { Usage } from './usage.ts';

/** Bytes exactly as they go to the model, with the size they decode to (pixels). */
export interface SentImage {
  readonly bytes: Uint8Array;
  readonly mimeType: string;
  readonly width: number;
  readonly height: number;
}

/** The job behind a prompt, for models that take no prompt (`builtin`). */
export type Task =
  | { readonly kind: 'extract'; readonly caption: string; readonly maxExpressions: number }
  | {
      readonly kind: 'ground';
      readonly caption: string;
      readonly expressions: readonly { readonly id: number; readonly text: string; readonly nounChunk: string }[];
      readonly maxInstances: number;
    };

export type JsonSchema = Readonly<Record<string, unknown>>;

/** One question about one image. */
export interface ModelRequest {
  readonly task: Task;
  /** The words that follow the image. */
  readonly prompt: string;
  readonly image: SentImage;
  /** The answer's schema, and the highest tier to ask for it in. */
  readonly schema: JsonSchema;
  readonly tier: Tier;
  /** A tier that has just failed for this very question. */
  readonly avoidTier?: Tier;
  readonly maxTokens: number;
}

/** What came back. `length` = cut off at a token limit; `filtered` = a safety filter; `refused` = the model declined. */
export interface ModelReply {
  readonly text: string;
  readonly finish: 'stop' | 'length' | 'filtered' | 'refused' | 'other';
  /** The provider's own word for the finish, for messages. */
  readonly finishDetail?: string;
  readonly tier: Tier;
  readonly usage: Usage;
}

/**
 * A vision-language model. `ask` settles one question, retries and pacing included.
 * Throws `SampleError` where this image or question is at fault, `RunStopError` where no question can succeed, and an `AbortError` when aborted.
 */
export interface VisionLanguageModel {
  readonly backend: 'gemini' | 'openai' | 'builtin';
  readonly model: string;
  ask(request: ModelRequest, signal: AbortSignal): Promise<ModelReply>;
}

/** What is known of an image without reading it. */
export interface ImageStat {
  readonly size: number;
  /** Changes whenever the content may have changed (mtime, ETag); equal size and stamp = same bytes. */
  readonly stamp: string;
  /** A content hash, where the store knows one without reading. */
  readonly identity?: string;
}

/** Where images come from. References are `image_path` as given; resolution against roots is the adapter's. Throws `SampleError`. */
export interface ImageStore {
  stat(imagePath: string, signal: AbortSignal): Promise<ImageStat>;
  read(imagePath: string, signal: AbortSignal): Promise<Uint8Array>;
}

/** A file being written. It becomes visible, whole, at `close`; `abort` leaves nothing. */
export interface FileWriter {
  write(text: string): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

/** A place for files, addressed by `/`-separated paths relative to its root. */
export interface FileStore {
  /** Where the root is, for messages (`/data/results`, `s3://bucket/runs/d/id`). */
  readonly location: string;
  /** Bytes from `start` to `end` (exclusive), all of them by default. Throws `FileNotFoundError`. */
  read(path: string, range?: { start: number; end?: number }): AsyncIterable<Uint8Array>;
  create(path: string): Promise<FileWriter>;
  size(path: string): Promise<number | undefined>;
  list(prefix: string): AsyncIterable<string>;
  remove(path: string): Promise<void>;
}

/** Thrown by `FileStore.read` for a path that is not there. */
export class FileNotFoundError extends Error {
  override readonly name = 'FileNotFoundError';
}

export interface CheckpointKey {
  readonly sampleId: string;
  readonly step: StepName;
  readonly fingerprint: string;
}

/** What is kept of one sample and step. `body` is the step's own JSON (see `steps/checkpoint.ts`). */
export interface StoredCheckpoint extends CheckpointKey {
  readonly body: string;
}

/**
 * The memory of what was paid for. A `put` is atomic and durable against a killed process when it resolves.
 * The directory adapter keeps the latest fingerprint of a sample and step, DynamoDB all of them.
 * Both reads throw `SampleError` for a checkpoint that is there and cannot be read, and `put` throws for what it cannot write.
 */
export interface CheckpointStore {
  get(key: CheckpointKey): Promise<string | undefined>;
  /** The latest body of a sample and step, whatever its fingerprint: its recorded image identity spares a read. */
  latest(sampleId: string, step: StepName): Promise<StoredCheckpoint | undefined>;
  put(checkpoint: StoredCheckpoint): Promise<void>;
  /** Where a checkpoint is kept, for messages. */
  locationOf(key: CheckpointKey): string;
}

/** Time as an argument. */
export interface Clock {
  /** Milliseconds, monotonic enough for intervals. */
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
