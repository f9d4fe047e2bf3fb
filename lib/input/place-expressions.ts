import type { GivenExpression } from '#core/sample.ts';
import { placePhrases } from '#core/text/char-span.ts';
import { headNoun } from '#core/text/head-noun.ts';

/** A given expression. Its span may be wrong or missing. */
export interface UnplacedExpression {
  readonly text: string;
  readonly span?: readonly [number, number] | undefined;
  readonly nounChunk?: string | undefined;
  readonly expressionId?: string | undefined;
}

export interface PlacedExpressions {
  readonly expressions: readonly GivenExpression[];
  /** Texts that are not in the caption. */
  readonly unplaced: readonly string[];
}

/** Finds the place of each given expression in a caption, by the rules for a model's expressions. `text` becomes the slice of the caption. Expressions with equal places merge. */
export function placeExpressions(caption: string, given: readonly UnplacedExpression[]): PlacedExpressions {
  const expressions: GivenExpression[] = [];
  const unplaced: string[] = [];
  for (const [index, place] of placePhrases(caption, given).entries()) {
    const { text: asGiven = '', nounChunk, expressionId } = given[index] ?? {};
    if (place === 'absent') unplaced.push(asGiven);
    else if (place !== 'repeated') {
      const { text, charSpan } = place;
      expressions.push({ text, char_span: charSpan, noun_chunk: nounChunk ?? headNoun(text), expression_id: expressionId });
    }
  }
  return { expressions, unplaced };
}
