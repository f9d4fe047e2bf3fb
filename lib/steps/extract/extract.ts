import type { ModelProfile } from '#core/model-profile.ts';
import type { JsonSchema } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import { placePhrases } from '#core/text/char-span.ts';
import { headNoun } from '#core/text/head-noun.ts';
import { addDropped, type DroppedCounts, estimateReplyTokens, type Question, reasoningTokenBudget } from '../question.ts';
import { extractionPrompt } from './extract-prompt.ts';
import { readExtraction } from './read-extraction.ts';

/** The output of step 0. */
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

/** The content of one reply. */
export interface AppliedExtraction {
  /** Absent where no part of the reply is usable. */
  readonly extraction?: Extraction | undefined;
  /** The reply was not cut off, and every element of it was readable. */
  readonly complete: boolean;
  readonly dropped: DroppedCounts;
  /** The reason why there is no extraction; it completes the sentence "the model's reply …". */
  readonly problem?: string | undefined;
}

/** Uses only keywords that every structured-output server supports. */
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

/** The JSON of one expression and its words. Nested phrases repeat parts of the caption several times. */
const TOKENS_PER_EXPRESSION = 40;

/** The question of step 0. */
export function promptExtraction({ caption, settings, profile }: ExtractionInput): Question {
  return {
    task: { kind: 'extract', caption, maxExpressions: settings.max_expressions },
    prompt: extractionPrompt({ caption, ...settings }),
    schema: extractionSchema,
    tier: profile.tier,
    maxTokens: 128 + 3 * estimateReplyTokens(caption) + settings.max_expressions * TOKENS_PER_EXPRESSION + reasoningTokenBudget(profile),
  };
}

/** Reads the reply, and finds every phrase in the cleaned caption. Example reply: `{"cleaned_caption": "A red car.", "expressions": [{"text": "red car", "noun_chunk": "car"}]}`. */
export function applyExtraction({ settings }: ExtractionInput, reply: string): AppliedExtraction {
  const { cleanedCaption, phrases, complete, repaired, unreadable } = readExtraction(reply);
  const dropped: DroppedCounts = {};
  addDropped(dropped, 'expression_unreadable', unreadable);
  if (cleanedCaption === undefined) return { complete: false, dropped, problem: 'holds no cleaned caption' };
  if (phrases === undefined) return { complete: false, dropped, problem: 'holds no list of expressions' };

  const kept = phrases.slice(0, settings.max_expressions);
  addDropped(dropped, 'expression_over_limit', phrases.length - kept.length);
  const expressions: Extraction['expressions'][number][] = [];
  for (const [index, place] of placePhrases(cleanedCaption, kept).entries()) {
    if (place === 'absent') addDropped(dropped, 'expression_not_in_caption');
    else if (place === 'repeated') addDropped(dropped, 'expression_repeated');
    else {
      const [start, end] = place.charSpan;
      expressions.push({ text: place.text, charSpan: [start, end], nounChunk: kept[index]?.nounChunk ?? headNoun(place.text) });
    }
  }
  if (expressions.length === 0 && kept.length > 0)
    return {
      complete: false,
      dropped,
      problem: `has no expression that stands in its cleaned caption, the first being "${kept[0]?.text}"`,
    };
  expressions.sort((a, b) => a.charSpan[0] - b.charSpan[0] || b.charSpan[1] - a.charSpan[1]);
  const isDamaged = unreadable > 0 || (repaired && (dropped.expression_not_in_caption ?? 0) > 0);
  return { extraction: { cleanedCaption, expressions }, complete: complete && !isDamaged, dropped };
}
