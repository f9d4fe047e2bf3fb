import { phraseKey } from '#core/fold-text.ts';
import type { AskedExpression } from './asked-expression.ts';
import type { RawBox } from './collect-boxes.ts';
import { labelMatches } from './label-words.ts';

/** Finds out which of the asked expressions a box of the reply is meant for; `undefined` rather than a guess. */
export function createExpressionMatcher(asked: readonly AskedExpression[], boxes: readonly RawBox[]): (box: RawBox) => number | undefined {
  const byId = new Map(asked.map((one) => [one.id, one]));
  const byLabel = new Map<string, number | undefined>();
  const addLabel = (label: string, id: number) => byLabel.set(labelKey(label), byLabel.has(labelKey(label)) ? undefined : id);
  for (const { id, text, ordinal } of asked) {
    addLabel(text, id);
    if (ordinal !== undefined) addLabel(`${text} ${formatOrdinal(ordinal)}`, id);
  }
  const labelled = ({ label }: RawBox) => (label === undefined ? undefined : byLabel.get(labelKey(label)));
  const [only] = asked.length === 1 ? asked : [];
  const isNamed = boxes.some((box) => labelled(box) !== undefined);
  /** "man" with the number of "man in a hat" is that one, made short; "dog" with the number of "tree" is not. */
  const agrees = (box: RawBox, numbered: AskedExpression) =>
    [undefined, numbered.id].includes(labelled(box)) || labelMatches(box.label ?? '', numbered);
  // Numbers that nobody asked for, or that the words beside them speak against, count something else (boxes, places from zero).
  const numbersAreOurs = boxes.every((box) => {
    const numbered = byId.get(box.id ?? Number.NaN);
    return box.id === undefined || (numbered && agrees(box, numbered));
  });

  return (box) => {
    const { id, label } = box;
    if (numbersAreOurs && id !== undefined) return id;
    const numbered = Number(/^\s*[#([]?(\d+)\s*(?:[.:)\]](?!\d)|$)/.exec(label ?? '')?.[1]);
    const meant = labelled(box) ?? byId.get(numbered)?.id;
    if (meant !== undefined) return meant;
    // To a question about one thing, a box without words is the answer, and one with other words only where no box has the very words.
    if (only) return !isNamed && (!label?.trim() || labelMatches(label, only)) ? only.id : undefined;
    const byNumber = byId.get(id ?? Number.NaN);
    return byNumber && label?.trim() && labelMatches(label, byNumber) ? byNumber.id : undefined;
  };
}

export function formatOrdinal(place: number): string {
  const ending = place % 100 >= 11 && place % 100 <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][place % 10] ?? 'th');
  return `(${place}${ending})`;
}

function labelKey(label: string): string {
  return phraseKey(label.replace(/["“”.,;]/g, '')).trim();
}
