import type { Tier } from '#core/model-profile.ts';
import type { Attempt } from './adapter.ts';
import { imagePlaceholder } from './body-bytes.ts';

export interface OpenAIBodyOptions {
  readonly model: string;
  readonly temperature: number;
  readonly maxTokens: number;
  readonly serviceTier?: string | undefined;
  readonly extraBody: Readonly<Record<string, unknown>>;
}

export type OpenAIBody = Record<string, unknown>;

/** Parameters of other wire formats in a profile: a Gemini model behind a gateway has the profile of a Gemini. */
const FOREIGN = new Set(['thinkingLevel', 'thinkingBudget']);

/**
 * The body of `POST /chat/completions`: the image first, then the text, all in the first user message (some servers read no other).
 * `bodyBytes` inserts the image. `adjustments` are the changes that this server needs, e.g. `drop temperature`.
 */
export function openAIBody({ request, tier, profile }: Attempt, options: OpenAIBodyOptions, adjustments: readonly string[]): OpenAIBody {
  const { detail, ...parameters } = profile.parameters;
  const tokens = Math.min(options.maxTokens, request.maxTokens);
  const image = {
    url: imagePlaceholder(request.image),
    detail: typeof detail === 'string' && !adjustments.includes('drop detail') ? detail : undefined,
  };
  const body: OpenAIBody = {
    model: options.model,
    messages: [
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: image },
          { type: 'text', text: request.prompt },
        ],
      },
    ],
    [adjustments.includes('max_completion_tokens') ? 'max_completion_tokens' : 'max_tokens']: tokens,
  };
  if (profile.temperature) body.temperature = options.temperature;
  if (options.serviceTier) body.service_tier = options.serviceTier;
  for (const [name, value] of Object.entries(parameters)) if (!FOREIGN.has(name)) body[name] = value;
  Object.assign(body, responseFormat(tier, request.schema));
  for (const adjustment of adjustments) if (adjustment.startsWith('drop ')) delete body[adjustment.slice('drop '.length)];
  return { ...body, ...options.extraBody };
}

/** The adjustment that a 400 or 422 requires; undefined when it is not about parameters. Parameters of `extra_body` stay. */
export function findOpenAIAdjustment(message: string, body: OpenAIBody, extraBody: Readonly<Record<string, unknown>>): string | undefined {
  if ('max_tokens' in body && /max_completion_tokens/.test(message)) return 'max_completion_tokens';
  const optional = Object.keys(body).filter((name) => !FIXED.has(name) && !(name in extraBody));
  const named = optional.find((name) => new RegExp(`\\b${name}\\b`).test(message));
  if (named) return `drop ${named}`;
  return /\bdetail\b/.test(message) && JSON.stringify(body.messages).includes('"detail":') ? 'drop detail' : undefined;
}

const FIXED = new Set(['model', 'messages', 'max_tokens', 'max_completion_tokens', 'response_format']);

function responseFormat(tier: Tier, schema: unknown) {
  if (tier === 'schema') return { response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } } };
  return tier === 'json' ? { response_format: { type: 'json_object' } } : {};
}
