import type { ResultExpression, ResultRecord } from '#results/result-record.ts';
import { alignCaptions, codePoints, type Span, spanIou } from './align-captions.ts';
import { assign } from './assign.ts';
import type { TruthLine } from './truth-line.ts';

/** `grounding`: the phrases were given, and are joined by their text. `end-to-end`: they were extracted, and are joined by their place in the caption. */
export type Mode = 'grounding' | 'end-to-end';

export interface ExpressionMatch {
  /** One for each true expression; `undefined` where the results have none for it. */
  readonly results: readonly (ResultExpression | undefined)[];
  /** Expressions of the results that no true one goes with. */
  readonly surplus: number;
}

/** A phrase was found if so much of it and the true one overlap. */
const SPAN_IOU = 0.5;

/** Joins the expressions of a record with the true ones, one to one. */
export function matchExpressions(record: ResultRecord, truth: TruthLine, mode: Mode): ExpressionMatch {
  const results = mode === 'grounding' ? byText(record, truth) : byPlace(record, truth);
  const used = results.filter((one) => one !== undefined).length;
  return { results, surplus: record.expressions.length - used };
}

/** The same words at the same place go first, then equal words in their order. */
function byText({ expressions }: ResultRecord, truth: TruthLine): (ResultExpression | undefined)[] {
  const free = new Set(expressions);
  const take = (fits: (one: ResultExpression) => boolean): ResultExpression | undefined => {
    for (const one of free)
      if (fits(one)) {
        free.delete(one);
        return one;
      }
    return undefined;
  };
  const results = truth.expressions.map(({ text, char_span: span }) => {
    return span && take((one) => one.span?.[0] === span[0] && one.span[1] === span[1] && sameWords(one.text, text));
  });
  return results.map((result, index) => {
    return result ?? take((one) => sameWords(one.text, truth.expressions[index]?.text ?? ''));
  });
}

function byPlace({ expressions, cleanedCaption }: ResultRecord, truth: TruthLine): (ResultExpression | undefined)[] {
  const carryOver = alignCaptions(cleanedCaption, truth.caption);
  const found = expressions.map(({ span }) => span && carryOver(span));
  const wanted = placesOf(truth);
  const weights = wanted.map((place) =>
    found.map((span) => {
      const overlap = place && span ? spanIou(place, span) : 0;
      return overlap >= SPAN_IOU ? overlap : 0;
    }),
  );
  return assign(weights).map((column, row) => ((weights[row]?.[column] ?? 0) > 0 ? expressions[column] : undefined));
}

/** Where true expressions stand in their caption: as they say, else at the next free place of their text. */
function placesOf({ caption, expressions }: TruthLine): (Span | undefined)[] {
  const from = new Map<string, number>();
  return expressions.map(({ text, char_span }) => {
    if (char_span) return char_span;
    const at = caption.toLowerCase().indexOf(text.toLowerCase(), from.get(text) ?? 0);
    if (at < 0) return undefined;
    from.set(text, at + text.length);
    const start = codePoints(caption.slice(0, at));
    return [start, start + codePoints(text)];
  });
}

function sameWords(a: string, b: string): boolean {
  return a === b || plain(a) === plain(b);
}

function plain(text: string): string {
  return text.normalize('NFC').toLowerCase().replace(/\s+/g, ' ').trim();
}
