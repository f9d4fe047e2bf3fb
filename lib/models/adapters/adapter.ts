import type { ModelProfile, Tier } from '#core/model-profile.ts';
import type { ModelReply, ModelRequest } from '#core/ports.ts';

/** A model as the endpoint lists it. `root` (model path) and `parent` (LoRA base) come from vLLM and name the family behind an alias. */
export interface ServedModel {
  readonly id: string;
  readonly root?: string;
  readonly parent?: string;
}

/** One attempt at one question: the tier is settled, the profile says how this family is spoken to. */
export interface Attempt {
  readonly request: ModelRequest;
  readonly tier: Tier;
  readonly profile: ModelProfile;
}

/**
 * One provider's wire format. No retries, no pacing, no ladder: those wrap it.
 * `send` throws `CallError` (may be tried again, or asked differently), `SampleError`, `RunStopError`, or an `AbortError`.
 */
export interface ModelAdapter {
  readonly backend: 'gemini' | 'openai';
  readonly model: string;
  /** As requests name it now: prices depend on it. */
  readonly serviceTier?: string | undefined;
  /** Base URL without credentials, for messages and as part of memory keys. */
  readonly endpoint: string;
  send(attempt: Attempt, signal: AbortSignal): Promise<ModelReply>;
  listModels(signal: AbortSignal): Promise<ServedModel[]>;
  /** Closes idle connections, so that a finished run does not keep the process alive. */
  close(): Promise<void>;
}
