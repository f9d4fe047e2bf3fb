import type { Box, Size } from '#core/box.ts';
import { headNoun } from '#core/text/head-noun.ts';
import type { ResultExpression, ResultInstance, ResultRecord } from '#results/result-record.ts';
import type { Categories } from './categories.ts';
import type { ExportBox, ExportPhrase, Frame } from './export-format.ts';
import type { ExportTally } from './export-tally.ts';
import { storedBox } from './frame.ts';

export interface BoxChoice {
  readonly minScore: number | undefined;
  readonly dropUnscored: boolean;
  readonly frame: Frame;
  /** The format labels by category: a noun outside the categories leaves its boxes out too. */
  readonly byCategory: boolean;
}

/** The phrases of a record with boxes, as the export shows them; all others are counted. `size` is upright. */
export function choosePhrases(
  { expressions, orientation }: Pick<ResultRecord, 'expressions' | 'orientation'>,
  size: Size,
  choice: BoxChoice,
  categories: Categories,
  tally: ExportTally,
): ExportPhrase[] {
  return expressions.flatMap((expression) => {
    const missing = boxlessReason(expression);
    if (missing !== undefined) {
      tally.add(missing);
      return [];
    }
    const category = findCategory(expression, categories, tally);
    if (category === undefined && choice.byCategory) {
      tally.add('unwantedCategory', expression.instances.length);
      return [];
    }
    const boxes = expression.instances.flatMap((instance) => chooseBox(instance, size, choice, tally));
    if (boxes.length === 0) return [];
    // ids go by first appearance in the results, not by the order of writing
    if (category !== undefined && choice.byCategory) categories.idOf(category);
    const turned = choice.frame === 'upright' ? boxes : boxes.map(({ box, score }) => ({ box: storedBox(box, size, orientation), score }));
    if (expression.span === undefined) tally.add('unplaced');
    return [{ text: expression.text, span: expression.span, category: category ?? expression.text, boxes: turned }];
  });
}

function boxlessReason({ grounding }: ResultExpression) {
  if (grounding === 'found') return undefined;
  return grounding === 'dropped' ? 'unusable' : grounding;
}

function findCategory({ nounChunk, text }: ResultExpression, categories: Categories, tally: ExportTally): string | undefined {
  if (nounChunk?.trim()) return categories.of(nounChunk);
  tally.add('nounGuessed');
  return categories.of(headNoun(text));
}

function chooseBox({ box, score: given }: ResultInstance, size: Size, choice: BoxChoice, tally: ExportTally): ExportBox[] {
  const odd = given !== null && !(given >= 0 && given <= 1);
  if (odd) tally.add('oddScores');
  const score = odd ? null : given;
  const inside = clamp(box, size);
  const problem = exclusionReason(score, choice) ?? (inside === undefined ? 'outside' : undefined);
  if (problem !== undefined || inside === undefined) {
    tally.add(problem ?? 'outside');
    return [];
  }
  if (score === null && choice.minScore !== undefined) tally.add('unscoredKept');
  return [{ box: inside, score }];
}

function exclusionReason(score: number | null, { minScore, dropUnscored }: BoxChoice) {
  if (score === null) return dropUnscored ? 'unscoredDropped' : undefined;
  return minScore !== undefined && score < minScore ? 'lowScore' : undefined;
}

/** A run's own boxes are inside; other tools write swapped corners and boxes beyond the edge. */
function clamp([x1, y1, x2, y2]: Box, { width, height }: Size): Box | undefined {
  const inside: Box = [Math.max(0, x1), Math.max(0, y1), Math.min(width, x2), Math.min(height, y2)];
  return inside[0] < inside[2] && inside[1] < inside[3] ? inside : undefined;
}
