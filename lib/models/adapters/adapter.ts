import type { ModelProfile, Tier } from '#core/model-profile.ts';
import type { ModelReply, ModelRequest } from '#core/ports.ts';

/** A model as the endpoint lists it. `root` (model path) and `parent` (LoRA base) come from vLLM and name the family behind an alias. */
export interface ServedModel {
  readonly id: string;
  readonly root?: string | undefined;
  readonly parent?: string | undefined;
}

/** One attempt at one request, with its tier and the profile of the model family. */
export interface Attempt {
  readonly request: ModelRequest;
  readonly tier: Tier;
  readonly profile: ModelProfile;
}

/**
 * The wire format of one provider. Retries, pacing and tiers belong to `language-model.ts`.
 * `send` throws `CallError` (retry, or change the request), `SampleError`, `RunStopError`, or an `AbortError`.
 */
export interface ModelAdapter {
  readonly backend: 'gemini' | 'openai';
  readonly model: string;
  /** The current tier of requests. Prices depend on it. */
  readonly serviceTier?: string | undefined;
  /** Base URL without credentials, for messages and as part of memory keys. */
  readonly endpoint: string;
  send(attempt: Attempt, signal: AbortSignal): Promise<ModelReply>;
  listModels(signal: AbortSignal): Promise<ServedModel[]>;
  /** Closes idle connections, so that a finished run does not keep the process alive. */
  close(): Promise<void>;
}
