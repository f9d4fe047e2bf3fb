import { unpartedScripts } from '#core/text/char-span.ts';
import { phraseKey } from '#core/text/fold-text.ts';
import type { RawBox } from './collect-boxes.ts';

/** An expression as a request lists it, with its number in that request. */
export interface AskedExpression {
  readonly id: number;
  readonly text: string;
  readonly nounChunk: string;
  /** `1` for the first of several expressions with equal words, and so on; absent where the words are unique. */
  readonly ordinal?: number | undefined;
}

/** Returns a function that finds the expression of a box; `undefined` where only a guess could. */
export function createExpressionMatcher(asked: readonly AskedExpression[], boxes: readonly RawBox[]): (box: RawBox) => number | undefined {
  const byId = new Map(asked.map((one) => [one.id, one]));
  const byLabel = new Map<string, number | undefined>();
  const addLabel = (label: string, id: number) => byLabel.set(labelKey(label), byLabel.has(labelKey(label)) ? undefined : id);
  for (const { id, text, ordinal } of asked) {
    addLabel(text, id);
    if (ordinal !== undefined) addLabel(`${text} ${formatOrdinal(ordinal)}`, id);
  }
  const findByLabel = ({ label }: RawBox) => (label === undefined ? undefined : byLabel.get(labelKey(label)));
  const [only] = asked.length === 1 ? asked : [];
  const isNamed = boxes.some((box) => findByLabel(box) !== undefined);
  /** "man" with the number of "man in a hat" is a short form of it; "dog" with the number of "tree" is a contradiction. */
  const agrees = (box: RawBox, numbered: AskedExpression) =>
    [undefined, numbered.id].includes(findByLabel(box)) || labelMatches(box.label ?? '', numbered);
  // Unknown numbers, or numbers that contradict their labels, count something else: boxes, or places from zero.
  const areNumbersOurs = boxes.every((box) => {
    const numbered = byId.get(box.id ?? Number.NaN);
    return box.id === undefined || (numbered && agrees(box, numbered));
  });

  return (box) => {
    const { id, label } = box;
    if (areNumbersOurs && id !== undefined) return id;
    const leadingNumber = Number(/^\s*[#([]?(\d+)\s*(?:[.:)\]](?!\d)|$)/.exec(label ?? '')?.[1]);
    const labelled = findByLabel(box) ?? byId.get(leadingNumber)?.id;
    if (labelled !== undefined) return labelled;
    // For a single expression, a box without a label is the answer. One with other words is the answer only where no box has the exact words.
    if (only) return !isNamed && (!label?.trim() || labelMatches(label, only)) ? only.id : undefined;
    const numbered = byId.get(id ?? Number.NaN);
    return numbered && label?.trim() && labelMatches(label, numbered) ? numbered.id : undefined;
  };
}

/** `1` → `(1st)`, `2` → `(2nd)`, `11` → `(11th)`. */
export function formatOrdinal(place: number): string {
  const ending = place % 100 >= 11 && place % 100 <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][place % 10] ?? 'th');
  return `(${place}${ending})`;
}

function labelKey(label: string): string {
  return phraseKey(label.replace(/["“”.,;]/g, '')).trim();
}

/**
 * Whether a label in a model's own words can mean this expression. It contains all words of the expression ("the red car on the left"), or
 * its noun with no other words before it: "car" and "car on the left" can be the red car, "blue car" and "carpet" cannot.
 */
function labelMatches(label: string, { text, nounChunk }: Pick<AskedExpression, 'text' | 'nounChunk'>): boolean {
  const [labelWords, asked, noun] = [label, text, nounChunk].map(splitWords) as [string[], string[], string[]];
  if (asked.length > 0 && asked.every((word) => labelWords.includes(word))) return true;
  const [head] = noun.slice(-1);
  const place = head === undefined ? -1 : labelWords.indexOf(head);
  return place >= 0 && noun.every((word) => labelWords.includes(word)) && labelWords.slice(0, place).every((word) => asked.includes(word));
}

/** Words without articles, numbers and plural endings; single characters in scripts without spaces. */
function splitWords(phrase: string): string[] {
  const words = phraseKey(phrase).match(WORD) ?? [];
  return words.filter((word) => !ARTICLE.test(word)).map((word) => (word.length > 3 ? word.replace(PLURAL, '') : word));
}

const WORD = new RegExp(String.raw`[${unpartedScripts}\p{Emoji_Presentation}]|\p{L}[\p{L}\p{M}'’-]*`, 'gu');
const ARTICLE = /^(?:an?|the)$/;
const PLURAL = /(?<=[^s])e?s$/;
