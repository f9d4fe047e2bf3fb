import { type Colour, colours } from './colours.ts';

/** A request of either dialect, as far as a model that looks needs it. */
export interface LookingRequest {
  readonly dialect: 'openai' | 'gemini';
  readonly model: string;
  readonly prompt: string;
  readonly image: Buffer | undefined;
  /** The key that a schema or the prompt asks boxes under. */
  readonly key: string;
  readonly hasSchema: boolean;
  readonly isExtraction: boolean;
}

interface Part {
  readonly text?: string;
  readonly image_url?: { readonly url: string };
  readonly inlineData?: { readonly data: string };
}

// biome-ignore lint/suspicious/noExplicitAny: whatever a client sends
type Body = any;

export function readRequest(path: string, body: Body): LookingRequest {
  const gemini = /\/models\/([^/:]+):generateContent/.exec(path);
  const parts: Part[] = gemini
    ? body.contents.flatMap((content: Body) => content.parts)
    : body.messages.flatMap((message: Body) => message.content);
  const prompt = parts.map(({ text }) => text ?? '').join('\n');
  const data = parts.map((part) => part.inlineData?.data ?? part.image_url?.url.split(',')[1]).find(Boolean);
  const schema = gemini ? body.generationConfig?.responseJsonSchema : body.response_format?.json_schema?.schema;
  const wanted = `${JSON.stringify(schema ?? '')} ${prompt}`;
  return {
    dialect: gemini ? 'gemini' : 'openai',
    model: gemini?.[1] ? decodeURIComponent(gemini[1]) : body.model,
    prompt,
    image: data === undefined ? undefined : Buffer.from(data, 'base64'),
    key: /"(bbox_2d|box_2d|bbox)"/.exec(wanted)?.[1] ?? 'bbox_2d',
    hasSchema: schema !== undefined,
    isExtraction: /cleaned_caption/.test(wanted),
  };
}

/** The numbered descriptions of a grounding prompt. */
export function askedDescriptions(prompt: string): { id: number; text: string }[] {
  const list = [...prompt.matchAll(/^\s*(\d+)\.\s*("(?:[^"\\]|\\.)*")/gm)];
  return list.map(([, id, text]) => ({ id: Number(id), text: JSON.parse(text ?? '""') }));
}

export function captionOf(prompt: string): string {
  return JSON.parse(/caption:\s*("(?:[^"\\]|\\.)*")/i.exec(prompt)?.[1] ?? '""');
}

/** The first colour that words name. */
export function colourIn(words: string): Colour | undefined {
  const all: string[] = words.toLowerCase().match(/\p{L}+/gu) ?? [];
  return all.find((word): word is Colour => word in colours);
}

/** Phrases of a caption that name a colour, with the noun that follows it. */
export function colouredPhrases(caption: string): { text: string; noun_chunk: string }[] {
  const phrase = new RegExp(String.raw`\b(?:${Object.keys(colours).join('|')})\b(?:\s+(\p{L}+))?`, 'giu');
  return [...caption.matchAll(phrase)].map(([text, noun]) => ({ text, noun_chunk: noun ?? text }));
}
