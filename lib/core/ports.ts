import type { Tier } from './model-profile.ts';
import type { StepName } from './step-names.ts';
import type { Usage } from './usage.ts';

export type { StepName } from './step-names.ts';
export type { Usage } from './usage.ts';

/** The exact bytes of a request's image, with its decoded size in pixels. */
export interface SentImage {
  readonly bytes: Uint8Array;
  readonly mimeType: string;
  readonly width: number;
  readonly height: number;
}

/** The task behind a prompt, for models without prompts (`builtin`). */
export type Task =
  | { readonly kind: 'extract'; readonly caption: string; readonly maxExpressions: number }
  | {
      readonly kind: 'ground';
      readonly caption: string;
      readonly expressions: readonly { readonly id: number; readonly text: string; readonly nounChunk: string }[];
      readonly maxInstances: number;
    };

export type JsonSchema = Readonly<Record<string, unknown>>;

/** One request about one image. */
export interface ModelRequest {
  readonly task: Task;
  /** The text after the image. */
  readonly prompt: string;
  readonly image: SentImage;
  /** The schema of the answer, and the highest tier to request it in. */
  readonly schema: JsonSchema;
  readonly tier: Tier;
  /** A tier that has just failed for this request. */
  readonly avoidTier?: Tier;
  readonly maxTokens: number;
}

/** A reply. `length` = cut off at a token limit; `filtered` = by a safety filter; `refused` = declined by the model. */
export interface ModelReply {
  readonly text: string;
  readonly finish: 'stop' | 'length' | 'filtered' | 'refused' | 'other';
  /** The provider's own finish reason, for messages. */
  readonly finishDetail?: string;
  readonly tier: Tier;
  readonly usage: Usage;
}

/**
 * A vision-language model. `ask` answers one request, retries and pacing included.
 * Throws `SampleError` for an error of this image or request, `RunStopError` if no request can succeed,
 * and an `AbortError` when aborted.
 */
export interface VisionLanguageModel {
  readonly backend: 'gemini' | 'openai' | 'builtin';
  readonly model: string;
  ask(request: ModelRequest, signal: AbortSignal): Promise<ModelReply>;
}

/** The facts of an image that need no read. */
export interface ImageStat {
  readonly size: number;
  /** Changes whenever the content may have changed (mtime, ETag); equal size and stamp = same bytes. */
  readonly stamp: string;
  /** A content hash, if the store has one without a read. */
  readonly identity?: string;
}

/** The source of images. References are `image_path` as given; the adapter resolves them against its roots. Throws `SampleError`. */
export interface ImageStore {
  stat(imagePath: string, signal: AbortSignal): Promise<ImageStat>;
  read(imagePath: string, signal: AbortSignal): Promise<Uint8Array>;
}

/** A file being written. `close` makes it visible as a complete file; `abort` leaves nothing. */
export interface FileWriter {
  write(text: string): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

/** A folder of files, addressed by `/`-separated paths relative to its root. */
export interface FileStore {
  /** The root, for messages (`/data/results`, `s3://bucket/runs/d/id`). */
  readonly location: string;
  /** Bytes from `start` to `end` (exclusive), all of them by default. Throws `FileNotFoundError`. */
  read(path: string, range?: { start: number; end?: number }): AsyncIterable<Uint8Array>;
  create(path: string): Promise<FileWriter>;
  size(path: string): Promise<number | undefined>;
  list(prefix: string): AsyncIterable<string>;
  remove(path: string): Promise<void>;
}

/** Thrown by `FileStore.read` for a missing path. */
export class FileNotFoundError extends Error {
  override readonly name = 'FileNotFoundError';
}

export interface CheckpointKey {
  readonly sampleId: string;
  readonly step: StepName;
  readonly fingerprint: string;
}

/** The stored result of one sample and step. `body` is the step's own JSON (see `steps/checkpoint.ts`). */
export interface StoredCheckpoint extends CheckpointKey {
  readonly body: string;
}

/**
 * The store of billed answers. A resolved `put` is atomic and survives a killed process.
 * The directory adapter keeps the latest fingerprint of a sample and step, DynamoDB all of them.
 * Both reads throw `SampleError` for an existing checkpoint that cannot be read; `put` throws on a failed write.
 */
export interface CheckpointStore {
  get(key: CheckpointKey): Promise<string | undefined>;
  /** The latest body of a sample and step with any fingerprint: its recorded image identity saves a read. */
  latest(sampleId: string, step: StepName): Promise<StoredCheckpoint | undefined>;
  put(checkpoint: StoredCheckpoint): Promise<void>;
  /** The location of a checkpoint, for messages. */
  locationOf(key: CheckpointKey): string;
}

/** Time as an argument. */
export interface Clock {
  /** Milliseconds, monotonic enough for intervals. */
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
