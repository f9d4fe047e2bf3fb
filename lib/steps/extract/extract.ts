import { placePhrases } from '#core/char-span.ts';
import { headNoun } from '#core/head-noun.ts';
import type { ModelProfile } from '#core/model-profile.ts';
import type { JsonSchema } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import { addDropped, type DroppedCounts, type Question } from '../question.ts';
import { estimateReplyTokens, reasoningTokenBudget } from '../reply-tokens.ts';
import { extractionPrompt } from './extract-prompt.ts';
import { readExtraction } from './read-extraction.ts';

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
  readonly complete: boolean;
  readonly dropped: DroppedCounts;
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
    maxTokens: 128 + 3 * estimateReplyTokens(caption) + settings.max_expressions * TOKENS_PER_EXPRESSION + reasoningTokenBudget(profile),
  };
}

/** Reads the answer to it, and finds every phrase in the cleaned caption. */
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
