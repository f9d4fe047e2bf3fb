import { placePhrases } from '#core/char-span.ts';
import { headNoun } from '#core/head-noun.ts';
import type { GivenExpression } from '#core/sample.ts';

/** An expression as it was given: a wrong span or none is no reason to lose it. */
export interface UnplacedExpression {
  readonly text: string;
  readonly span?: readonly [number, number];
  readonly nounChunk?: string;
  readonly expressionId?: string;
}

export interface PlacedExpressions {
  readonly expressions: readonly GivenExpression[];
  /** Texts that are nowhere in the caption. */
  readonly unplaced: readonly string[];
}

/** Finds where each given expression stands in a caption, by the same rules as a model's; `text` becomes what stands there. Those of one place are one. */
export function placeExpressions(caption: string, given: readonly UnplacedExpression[]): PlacedExpressions {
  const expressions: GivenExpression[] = [];
  const unplaced: string[] = [];
  for (const [index, place] of placePhrases(caption, given).entries()) {
    const { text: asGiven = '', nounChunk, expressionId } = given[index] ?? {};
    if (place === 'absent') unplaced.push(asGiven);
    else if (place !== 'repeated') {
      const { text, charSpan } = place;
      const id = expressionId === undefined ? {} : { expression_id: expressionId };
      expressions.push({ text, char_span: charSpan, noun_chunk: nounChunk ?? headNoun(text), ...id });
    }
  }
  return { expressions, unplaced };
}
