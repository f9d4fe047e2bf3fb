import type { IncomingMessage } from 'node:http';

/** A chat request, in whichever dialect it came. */
export interface ReadRequest {
  /** All text parts, one a line. */
  readonly prompt: string;
  readonly images: number;
}

/** How an API writes requests, replies and errors. */
export interface StandInDialect {
  read(body: string): ReadRequest;
  reply(text: string, finish: string, usage: boolean): unknown;
  models(ids: readonly string[]): unknown;
  /** The boxes of phrases in the form that the API's own models write. Corners are thousandths of the image's sides; without them a phrase is not visible. */
  writeBoxes(phrases: readonly GroundedPhrase[]): unknown;
}

export interface GroundedPhrase {
  readonly id: number;
  readonly label: string;
  readonly corners?: readonly number[] | undefined;
}

const [promptTokens, completionTokens] = [600, 60];

interface OpenAiPart {
  readonly type: string;
  readonly text?: string;
}

/** OpenAI's chat completions. */
export const openai = (model: string): StandInDialect => ({
  read(body) {
    const { messages } = JSON.parse(body) as { messages: { content: string | OpenAiPart[] }[] };
    const parts = messages.flatMap(({ content }) => (typeof content === 'string' ? [{ type: 'text', text: content }] : content));
    return { prompt: joinTexts(parts), images: parts.filter(({ type }) => type === 'image_url').length };
  },
  reply: (text, finish, usage) => ({
    id: 'x',
    object: 'chat.completion',
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: finish }],
    usage: usage
      ? { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: promptTokens + completionTokens }
      : undefined,
  }),
  models: (ids) => ({ object: 'list', data: ids.map((id) => ({ id, object: 'model' })) }),
  writeBoxes: (phrases) => phrases.map(({ id, label, corners = null }) => ({ bbox_2d: corners, label, id })),
});

interface GeminiPart {
  readonly text?: string;
  readonly inlineData?: object;
}

const geminiFinish: Readonly<Record<string, string>> = { stop: 'STOP', length: 'MAX_TOKENS', content_filter: 'SAFETY' };

const gemini = (model: string): StandInDialect => ({
  read(body) {
    const { contents } = JSON.parse(body) as { contents: { parts: GeminiPart[] }[] };
    const parts = contents.flatMap(({ parts: own }) => own);
    return { prompt: joinTexts(parts), images: parts.filter(({ inlineData }) => inlineData !== undefined).length };
  },
  reply: (text, finish, usage) => ({
    candidates: [{ index: 0, content: { role: 'model', parts: [{ text }] }, finishReason: geminiFinish[finish] ?? finish }],
    usageMetadata: usage ? { promptTokenCount: promptTokens, candidatesTokenCount: completionTokens } : undefined,
    modelVersion: model,
  }),
  models: (ids) => ({ models: ids.map((id) => ({ name: `models/${id}` })) }),
  writeBoxes: (phrases) => ({
    boxes: phrases.flatMap(({ id, label, corners }) => (corners ? [{ box_2d: toYx(corners), label, id }] : [])),
    absent: phrases.flatMap(({ id, corners }) => (corners ? [] : [id])),
  }),
});

const toYx = ([x1 = 0, y1 = 0, x2 = 0, y2 = 0]: readonly number[]) => [y1, x1, y2, x2];

/** The dialect of a request, by its address: Gemini's API has the version `v1beta`. */
export const dialectOf = ({ url = '' }: IncomingMessage, model: string): StandInDialect =>
  url.startsWith('/v1beta/') ? gemini(model) : openai(model);

const joinTexts = (parts: readonly { readonly text?: string }[]) => parts.map(({ text = '' }) => text).join('\n');
