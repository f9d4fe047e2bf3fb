import { z } from 'zod';
import { freeBytes } from '#core/free-bytes.ts';
import type { ModelReply, Usage } from '#core/ports.ts';
import { usageOfCall } from '#core/usage.ts';
import { addAdjustment, type EndpointCapabilities } from '../endpoint-capabilities.ts';
import type { Attempt, ModelAdapter, ServedModel } from './adapter.ts';
import { bodyBytes } from './body-bytes.ts';
import { CallError, unreadableAnswer } from './call-error.ts';
import { classifyFailuresOf, type RequestTarget } from './classify-failure.ts';
import { ANSWER_GRACE_MS, connectionOptions, HttpError, openConnections } from './http.ts';
import { findOpenAIAdjustment, type OpenAIBodyOptions, openAIBody } from './openai-request.ts';
import { explainUnknownModel } from './unknown-model.ts';

export interface OpenAIOptions extends OpenAIBodyOptions {
  /** Without `/chat/completions`; empty = OpenAI's own. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Azure's dated API version; its presence makes this an Azure endpoint. */
  readonly apiVersion?: string | undefined;
  readonly defaultHeaders: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly graceMs?: number | undefined;
  readonly connections: number;
  readonly target: RequestTarget;
  readonly capabilities: EndpointCapabilities;
}

/** Only required fields make an answer unreadable. Other invalid fields are ignored: they are not worth another call. */
const text = z.string().nullish().catch(undefined);
const ContentPart = z.object({ text }).catch({});
const Choice = z.object({
  finish_reason: text,
  message: z.object({ content: z.union([z.string(), z.array(ContentPart)]).nullish(), refusal: text }),
});
/** Optional fields of any type. */
const fields = z.looseObject({}).optional().catch(undefined);
const Completion = z.object({ choices: z.tuple([Choice]).rest(z.unknown()), usage: fields });
type Completion = z.infer<typeof Completion>;

/** OpenAI's chat completions, and every compatible server. */
export async function createOpenAI(options: OpenAIOptions): Promise<ModelAdapter> {
  const { target, capabilities } = options;
  const connections = await openConnections(connectionOptions(options));
  const client = await createClient(options, connections.fetch);

  const guard = <T>(call: () => Promise<T>, signal: AbortSignal) => classifyFailuresOf(call, target, signal);

  const listModels = (signal: AbortSignal) =>
    guard(async () => {
      const page: unknown = await client.get('/models', { signal });
      return Models.parse(page).data;
    }, signal);

  const post = (body: Uint8Array, signal: AbortSignal) =>
    guard(async () => {
      const answer: unknown = await client.post('/chat/completions', { body, headers: JSON_TYPE, signal });
      freeBytes(body); // the reply proves that the body was sent
      return readCompletion(answer);
    }, signal);

  /** Repeats a request without a rejected parameter, once per parameter. Rejected parameters are stored. */
  const send = async (attempt: Attempt, signal: AbortSignal): Promise<ModelReply> => {
    const { adjustments } = capabilities.current;
    const body = openAIBody(attempt, options, adjustments);
    try {
      return toReply(await post(bodyBytes(body, attempt.request.image), signal), attempt);
    } catch (error) {
      if (!(error instanceof CallError) || error.kind !== 'rejected')
        throw await explainUnknownModel(error, target, () => listModels(signal));
      const adjustment = findOpenAIAdjustment(error.message, body, options.extraBody);
      if (!adjustment || adjustments.includes(adjustment)) throw error;
      addAdjustment(capabilities, adjustment);
      return send(attempt, signal);
    }
  };

  return { backend: 'openai', model: options.model, endpoint: target.endpoint, send, listModels, close: connections.close };
}

const JSON_TYPE = { 'content-type': 'application/json' };

const Models = z
  .object({ data: z.array(z.object({ id: z.string(), root: z.string().nullish(), parent: z.string().nullish() })) })
  .transform(({ data }) => ({
    data: data.map(({ id, root, parent }): ServedModel => ({ id, root: root ?? undefined, parent: parent ?? undefined })),
  }));

async function createClient(options: OpenAIOptions, fetch: typeof globalThis.fetch) {
  const { OpenAI, AzureOpenAI } = await import('openai');
  const common = {
    apiKey: options.apiKey || 'EMPTY', // the SDK requires one; servers without keys ignore it
    fetch,
    maxRetries: 0,
    timeout: options.timeoutMs + 2 * ANSWER_GRACE_MS, // the connections time out first
    defaultHeaders: options.defaultHeaders,
    organization: null,
    project: null,
    adminAPIKey: null, // the SDK would send its own variable to any host, instead of the key
    logLevel: 'off' as const,
  };
  if (options.apiVersion)
    return new AzureOpenAI({ ...common, endpoint: options.baseUrl, apiVersion: options.apiVersion, deployment: options.model });
  return new OpenAI({ ...common, baseURL: options.baseUrl || 'https://api.openai.com/v1' });
}

/** Gateways report errors under status 200 too. */
function readCompletion(answer: unknown): Completion {
  const completion = Completion.safeParse(answer);
  if (completion.success) return completion.data;
  const text = JSON.stringify(answer);
  const code = z.object({ error: z.object({ code: z.coerce.number().int().min(400).max(599) }) }).safeParse(answer);
  if (code.success) throw new HttpError(code.data.error.code, text);
  throw unreadableAnswer(`the reply holds no message: ${text.slice(0, 200)}`);
}

function toReply({ choices: [choice], usage }: Completion, { tier }: Attempt): ModelReply {
  const { content, refusal } = choice.message;
  const text = typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join('');
  const detail = choice.finish_reason ?? 'none';
  const finish = refusal && !text ? 'refused' : (FINISH[detail] ?? 'other');
  return { text: text || (refusal ?? ''), finish, finishDetail: detail, tier, usage: toUsage(usage) };
}

const FINISH: Record<string, ModelReply['finish']> = { stop: 'stop', none: 'stop', length: 'length', content_filter: 'filtered' };

function toUsage(usage: Completion['usage']): Usage {
  const counts = usageOfCall({
    input: usage?.prompt_tokens,
    cachedInput: fields.parse(usage?.prompt_tokens_details)?.cached_tokens,
    output: usage?.completion_tokens,
    thinking: fields.parse(usage?.completion_tokens_details)?.reasoning_tokens,
  });
  return { ...counts, output: Math.max(0, counts.output - counts.thinking) };
}
