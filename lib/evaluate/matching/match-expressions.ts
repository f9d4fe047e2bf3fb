import { placePhrases } from '#core/text/char-span.ts';
import type { ResultExpression, ResultRecord } from '#results/result-record.ts';
import type { TruthLine } from '../truth/truth-line.ts';
import { type AlignedSpan, alignCaptions, spanIou } from './align-captions.ts';
import { assign } from './assign.ts';

/** `grounding`: given phrases, joined by their text. `end-to-end`: extracted phrases, joined by their place in the caption. */
export type Mode = 'grounding' | 'end-to-end';

export interface ExpressionMatch {
  /** One per true expression; `undefined` if the results have none for it. */
  readonly results: readonly (ResultExpression | undefined)[];
  /** Expressions of the results without a true one. */
  readonly surplus: number;
}

/** The least overlap of a found phrase with the true one. */
const SPAN_IOU = 0.5;

/** Joins the expressions of a record with the true ones, one to one. */
export function matchExpressions(record: ResultRecord, truth: TruthLine, mode: Mode): ExpressionMatch {
  const results = mode === 'grounding' ? byText(record, truth) : byPlace(record, truth);
  const used = results.filter((one) => one !== undefined).length;
  return { results, surplus: record.expressions.length - used };
}

/** Equal words at the same place come first, then equal words in their order. */
function byText({ expressions }: ResultRecord, truth: TruthLine): (ResultExpression | undefined)[] {
  const free = new Set(expressions);
  const removeFirst = (fits: (one: ResultExpression) => boolean): ResultExpression | undefined => {
    for (const one of free)
      if (fits(one)) {
        free.delete(one);
        return one;
      }
    return undefined;
  };
  const results = truth.expressions.map(({ text, char_span: span }) => {
    return span && removeFirst((one) => one.span?.[0] === span[0] && one.span[1] === span[1] && sameWords(one.text, text));
  });
  return results.map((result, index) => {
    return result ?? removeFirst((one) => sameWords(one.text, truth.expressions[index]?.text ?? ''));
  });
}

function byPlace({ expressions, cleanedCaption }: ResultRecord, truth: TruthLine): (ResultExpression | undefined)[] {
  const toOriginalSpan = alignCaptions(cleanedCaption, truth.caption);
  const found = expressions.map(({ span }) => span && toOriginalSpan(span));
  const wanted = indexSpans(truth);
  const weights = wanted.map((place) =>
    found.map((span) => {
      const overlap = place && span ? spanIou(place, span) : 0;
      return overlap >= SPAN_IOU ? overlap : 0;
    }),
  );
  return assign(weights).map((column, row) => ((weights[row]?.[column] ?? 0) > 0 ? expressions[column] : undefined));
}

/** The spans of true expressions in their caption: as given, else at the place that a run would choose. */
function indexSpans({ caption, expressions }: TruthLine): (AlignedSpan | undefined)[] {
  const phrases = expressions.map(({ text, char_span: span }) => ({ text, span }));
  return placePhrases(caption, phrases).map((place, index) => {
    return phrases[index]?.span ?? (typeof place === 'string' ? undefined : place.charSpan);
  });
}

function sameWords(a: string, b: string): boolean {
  return a === b || plain(a) === plain(b);
}

function plain(text: string): string {
  return text.normalize('NFC').toLowerCase().replace(/\s+/g, ' ').trim();
}
