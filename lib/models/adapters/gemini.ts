import type { GenerateContentConfig, Part } from '@google/genai/web';
import { z } from 'zod';
import type { ModelReply, Usage } from '#core/ports.ts';
import { noUsage, usageOfCall } from '#core/usage.ts';
import { addAdjustment, type EndpointCapabilities } from '../endpoint-capabilities.ts';
import type { Attempt, ModelAdapter } from './adapter.ts';
import { CallError, unreadableAnswer } from './call-error.ts';
import { classifyFailuresOf, type RequestTarget } from './classify-failure.ts';
import { type Connections, connectionOptions, openConnections } from './http.ts';
import { explainUnknownModel } from './unknown-model.ts';

export interface GeminiOptions {
  /** Empty = Google's own. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly apiVersion: string;
  readonly model: string;
  readonly mediaResolution: string;
  readonly temperature: number;
  readonly maxTokens: number;
  readonly serviceTier?: string | undefined;
  readonly extraBody: Readonly<Record<string, unknown>>;
  readonly defaultHeaders: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly graceMs?: number | undefined;
  readonly connections: number;
  readonly target: RequestTarget;
  readonly capabilities: EndpointCapabilities;
}

/** Optional settings, with a pattern for the 400 of a model that does not support them. */
const OPTIONAL = {
  temperature: /temperature/i,
  thinkingConfig: /thinking/i,
  mediaResolution: /media.?resolution/i,
  serviceTier: /service.?tier/i,
} as const;

/** Gemini's developer API. Uses the `/web` build of the SDK: the node build loads Google Cloud sign-in, which API keys do not need. */
export async function createGemini(options: GeminiOptions): Promise<ModelAdapter> {
  const { target, capabilities } = options;
  const connections = await openConnections(connectionOptions(options));
  const client = await createClient(options, connections);

  const guard = <T>(call: () => Promise<T>, signal: AbortSignal) => classifyFailuresOf(call, target, signal);

  const listModels = (signal: AbortSignal) =>
    guard(async () => {
      const pager = await client.models.list({ config: { abortSignal: signal, pageSize: 1000 } });
      return pager.page.map(({ name }) => ({ id: (name ?? '').replace(/^models\//, '') }));
    }, signal);

  const send = async (attempt: Attempt, signal: AbortSignal): Promise<ModelReply> => {
    const { adjustments } = capabilities.current;
    const config = geminiConfig(attempt, options, adjustments);
    const contents = [{ role: 'user', parts: geminiParts(attempt, options.mediaResolution) }];
    try {
      const answer = await guard(
        () => client.models.generateContent({ model: options.model, contents, config: { ...config, abortSignal: signal } }),
        signal,
      );
      return toReply(answer, attempt);
    } catch (error) {
      if (!(error instanceof CallError) || error.kind !== 'rejected')
        throw await explainUnknownModel(error, target, () => listModels(signal));
      const name = Object.entries(OPTIONAL).find(([key, pattern]) => key in config && pattern.test(error.message))?.[0];
      if (!name) throw error;
      const adjustment = `drop ${name}`;
      addAdjustment(capabilities, adjustment);
      return send(attempt, signal);
    }
  };

  return { backend: 'gemini', model: options.model, endpoint: target.endpoint, send, listModels, close: connections.close };
}

async function createClient(options: GeminiOptions, connections: Connections) {
  const { GoogleGenAI } = await import('@google/genai/web');
  return new GoogleGenAI({
    apiKey: options.apiKey || 'EMPTY',
    apiVersion: options.apiVersion,
    httpOptions: {
      baseUrl: options.baseUrl || undefined,
      headers: { ...options.defaultHeaders },
      extraBody: { ...options.extraBody },
      fetch: fetchAnswer(connections),
    },
  });
}

/** Rejects bodies of another form before the SDK reads them, because it breaks on them. Lists of models have none of these fields. */
function fetchAnswer({ fetch }: Connections): typeof fetch {
  return async (url, init) => {
    const response = await fetch(url, init);
    if (Answer.safeParse(await response.json()).success) return response;
    throw unreadableAnswer(`the answer is not of the documented form: ${(await response.text()).slice(0, 200)}`);
  };
}

function geminiConfig({ request, tier, profile }: Attempt, options: GeminiOptions, adjustments: readonly string[]): GenerateContentConfig {
  const { thinkingLevel, thinkingBudget } = profile.parameters;
  const config: Record<string, unknown> = {
    maxOutputTokens: Math.min(options.maxTokens, request.maxTokens),
    automaticContinuation: false, // follow-up requests would be outside our cost and time accounting
  };
  // Absent keys and not undefined ones: the keys show which settings were sent.
  if (profile.temperature) config.temperature = options.temperature;
  if (thinkingLevel !== undefined || thinkingBudget !== undefined) config.thinkingConfig = { thinkingLevel, thinkingBudget };
  if (!perPart(options.mediaResolution)) config.mediaResolution = options.mediaResolution;
  if (options.serviceTier) config.serviceTier = options.serviceTier;
  if (tier !== 'text') config.responseMimeType = 'application/json';
  if (tier === 'schema') config.responseJsonSchema = request.schema;
  for (const adjustment of adjustments) delete config[adjustment.replace('drop ', '')];
  return config;
}

/** The image first: "place the text prompt after the image part" (Gemini API, Image understanding). */
function geminiParts({ request }: Attempt, mediaResolution: string): Part[] {
  const { bytes, mimeType } = request.image;
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  const level = perPart(mediaResolution) && { mediaResolution: { level: mediaResolution } };
  return [{ inlineData: { mimeType, data }, ...level } as Part, { text: request.prompt }];
}

/** The only level that exists per part alone. */
const perPart = (mediaResolution: string) => mediaResolution === 'MEDIA_RESOLUTION_ULTRA_HIGH';

const text = z.string().nullish().catch(undefined);
/** Only required fields make an answer unreadable. Other invalid fields are ignored: they are not worth another call. */
const Answer = z.object({
  candidates: z
    .array(
      z.object({
        content: z.object({ parts: z.array(z.object({ thought: z.unknown().optional(), text })).nullish() }).nullish(),
        finishReason: text,
      }),
    )
    .nullish(),
  promptFeedback: z.object({ blockReason: text }).nullish().catch(undefined),
  usageMetadata: z.looseObject({}).optional().catch(undefined),
});

function toReply(answer: unknown, { tier }: Attempt): ModelReply {
  const { candidates, promptFeedback, usageMetadata } = Answer.parse(answer);
  const candidate = candidates?.[0];
  if (!candidate) {
    if (!promptFeedback?.blockReason) throw unreadableAnswer('the reply holds no candidate');
    const usage = usageMetadata ? toUsage(usageMetadata) : { ...noUsage, calls: 1 }; // blocked before the model read it
    return { text: '', finish: 'filtered', finishDetail: promptFeedback.blockReason, tier, usage };
  }
  const text = (candidate.content?.parts ?? [])
    .filter((part) => !part.thought)
    .map((part) => part.text ?? '')
    .join('');
  const finishDetail = candidate.finishReason ?? 'STOP';
  return { text, finish: readFinish(finishDetail), finishDetail, tier, usage: toUsage(usageMetadata) };
}

function readFinish(reason: string): ModelReply['finish'] {
  if (reason === 'STOP') return 'stop';
  if (reason === 'MAX_TOKENS' || reason === 'CONTINUATION') return 'length';
  return /SAFETY|RECITATION|BLOCKLIST|PROHIBITED|SPII|LANGUAGE/.test(reason) ? 'filtered' : 'other';
}

function toUsage(usage: z.infer<typeof Answer>['usageMetadata']): Usage {
  return usageOfCall({
    input: usage?.promptTokenCount,
    cachedInput: usage?.cachedContentTokenCount,
    output: usage?.candidatesTokenCount,
    thinking: usage?.thoughtsTokenCount,
  });
}
