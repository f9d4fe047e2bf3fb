import { placePhrases } from '#core/char-span.ts';
import { headNoun } from '#core/head-noun.ts';
import type { JsonSchema } from '#core/ports.ts';
import type { ModelProfile } from '#core/profile.ts';
import type { Settings } from '#core/settings.ts';
import { extractionPrompt } from './extract-prompt.ts';
import { type Counts, count, type Question } from './question.ts';
import { readExtraction } from './read-extraction.ts';
import { thinkingRoom, tokensOf } from './reply-tokens.ts';

/** What step 0 makes of a caption. */
export interface Extraction {
  readonly cleanedCaption: string;
  /** In reading order. `charSpan` counts code points of the cleaned caption. */
  readonly expressions: readonly { readonly text: string; readonly charSpan: [number, number]; readonly nounChunk: string }[];
}

export interface ExtractionInput {
  readonly caption: string;
  readonly settings: Settings['extraction'];
  readonly profile: Pick<ModelProfile, 'tier' | 'parameters'>;
}

/** An extraction, how far it can be trusted, and what was left out. */
export interface AppliedExtraction {
  /** Absent where nothing of the reply can be used. */
  readonly extraction?: Extraction;
  /** Nothing is missing: the reply came to its end and every element of it could be read. */
  readonly sound: boolean;
  readonly dropped: Counts;
  /** Why there is no extraction. */
  readonly problem?: string;
}

/** Only keywords that every structured-output server knows. */
export const extractionSchema: JsonSchema = {
  type: 'object',
  properties: {
    cleaned_caption: { type: 'string' },
    expressions: {
      type: 'array',
      items: {
        type: 'object',
        properties: { text: { type: 'string' }, noun_chunk: { type: 'string' } },
        required: ['text', 'noun_chunk'],
        additionalProperties: false,
      },
    },
  },
  required: ['cleaned_caption', 'expressions'],
  additionalProperties: false,
};

/** JSON around one expression, and its words: phrases repeat the caption, nested ones more than once. */
const TOKENS_PER_EXPRESSION = 40;

/** The question of step 0. */
export function promptExtraction({ caption, settings, profile }: ExtractionInput): Question {
  return {
    task: { kind: 'extract', caption, maxExpressions: settings.max_expressions },
    prompt: extractionPrompt({ caption, ...settings }),
    schema: extractionSchema,
    tier: profile.tier,
    maxTokens: 128 + 3 * tokensOf(caption) + settings.max_expressions * TOKENS_PER_EXPRESSION + thinkingRoom(profile),
  };
}

/** Reads the answer to it, and finds every phrase in the cleaned caption. */
export function applyExtraction({ settings }: ExtractionInput, reply: string): AppliedExtraction {
  const { cleanedCaption, phrases, sound, mended, unreadable } = readExtraction(reply);
  const dropped: Counts = {};
  count(dropped, 'expression_unreadable', unreadable);
  if (cleanedCaption === undefined) return { sound: false, dropped, problem: 'holds no cleaned caption' };
  if (phrases === undefined) return { sound: false, dropped, problem: 'holds no list of expressions' };

  const kept = phrases.slice(0, settings.max_expressions);
  count(dropped, 'expression_over_limit', phrases.length - kept.length);
  const expressions: Extraction['expressions'][number][] = [];
  for (const [index, place] of placePhrases(cleanedCaption, kept).entries()) {
    if (place === 'absent') count(dropped, 'expression_not_in_caption');
    else if (place === 'repeated') count(dropped, 'expression_repeated');
    else {
      const [start, end] = place.charSpan;
      expressions.push({ text: place.text, charSpan: [start, end], nounChunk: kept[index]?.nounChunk ?? headNoun(place.text) });
    }
  }
  if (expressions.length === 0 && kept.length > 0)
    return { sound: false, dropped, problem: `has no expression that stands in its cleaned caption, the first being "${kept[0]?.text}"` };
  expressions.sort((a, b) => a.charSpan[0] - b.charSpan[0] || b.charSpan[1] - a.charSpan[1]);
  const isDamaged = unreadable > 0 || (mended && (dropped.expression_not_in_caption ?? 0) > 0);
  return { extraction: { cleanedCaption, expressions }, sound: sound && !isDamaged, dropped };
}
