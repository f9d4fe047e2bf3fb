import { type Folded, findFolded, fold, graphemes, phraseKey } from './fold-text.ts';

/** The place of a phrase in a caption: half-open, in Unicode code points, as Python slices text. */
export type CharSpan = readonly [number, number];

/** A phrase to find; `span` is its stated place. */
export interface PhraseToPlace {
  readonly text: string;
  readonly span?: CharSpan | undefined;
}

/**
 * A found phrase with the caption's own text, or the reason of a failure.
 * `absent` = not in the caption; `repeated` = only at the place of an equal phrase.
 */
export type Placement = { readonly text: string; readonly charSpan: readonly [number, number] } | 'absent' | 'repeated';

/** In UTF-16 units, as JavaScript slices text. */
type Range = readonly [number, number];

/**
 * Finds every phrase in the caption: at its own span if the text there is equal, else at an exact match, else at a match that ignores
 * case, white space, quotes and Unicode form. Complete words come before parts of words, and words outside longer phrases before those inside.
 * Repeated phrases get successive occurrences; no two phrases get the same span.
 */
export function placePhrases(caption: string, phrases: readonly PhraseToPlace[]): Placement[] {
  const text = readCaption(caption);
  const used: Range[] = [];
  const ranges = new Map<number, Range | 'absent' | 'repeated'>();
  for (const [index, phrase] of pinnedThenLongest(phrases)) {
    const found = text.own(phrase) ?? firstFree(candidates(text, phrase.text), used);
    const range = typeof found === 'object' && used.some((other) => equal(other, found)) ? 'repeated' : found;
    if (typeof range === 'object') used.push(range);
    ranges.set(index, range);
  }
  inReadingOrder(phrases, ranges);
  return phrases.map((_, index) => {
    const range = ranges.get(index) ?? 'absent';
    if (typeof range === 'string') return range;
    return { text: caption.slice(...range), charSpan: [text.codePoint(range[0]), text.codePoint(range[1])] };
  });
}

/** Longer phrases choose first, so that "car" does not get the car of "red car" if there is another one. */
function pinnedThenLongest(phrases: readonly PhraseToPlace[]): [number, PhraseToPlace][] {
  return [...phrases.entries()].sort(
    ([, a], [, b]) => Number(b.span !== undefined) - Number(a.span !== undefined) || b.text.length - a.text.length,
  );
}

/** Each way of finding a phrase, best first, with all its places. */
function* candidates(caption: Caption, text: string): Generator<Range[]> {
  const phrase = text.trim();
  if (phrase === '') return;
  const exact = caption.exact(phrase);
  const atWordBoundaries = ([start, end]: Range) => !caption.isInsideWord(start) && !caption.isInsideWord(end);
  yield exact.filter(atWordBoundaries);
  const foldedRanges = caption.matchFolded(phrase);
  yield foldedRanges.filter(atWordBoundaries);
  yield exact;
  yield foldedRanges;
}

function firstFree(ways: Iterable<Range[]>, used: readonly Range[]): Range | 'absent' | 'repeated' {
  let reason: 'absent' | 'repeated' = 'absent';
  for (const ranges of ways) {
    const free = ranges.filter((range) => !used.some((other) => equal(other, range)));
    const found = free.find((range) => !used.some((other) => covers(other, range))) ?? free[0];
    if (found) return found;
    if (ranges.length > 0) reason = 'repeated';
  }
  return reason;
}

/** In "a man … A man" the exact way finds the second place first. Phrases with equal text swap places to be in order. */
function inReadingOrder(phrases: readonly PhraseToPlace[], ranges: Map<number, Range | 'absent' | 'repeated'>): void {
  const groups = Map.groupBy(phrases.keys(), (index) => phrases[index]?.text);
  for (const group of groups.values()) {
    const placed = group.filter((index) => phrases[index]?.span === undefined && typeof ranges.get(index) === 'object');
    if (placed.length < 2) continue;
    const sorted = placed.map((index) => ranges.get(index) as Range).sort((a, b) => a[0] - b[0]);
    for (const [place, index] of placed.entries()) ranges.set(index, sorted[place] as Range);
  }
}

const equal = (a: Range, b: Range) => a[0] === b[0] && a[1] === b[1];
const covers = (outer: Range, inner: Range) => outer[0] <= inner[0] && inner[1] <= outer[1];

interface Caption {
  own(phrase: PhraseToPlace): Range | undefined;
  exact(phrase: string): Range[];
  matchFolded(phrase: string): Range[];
  isInsideWord(index: number): boolean;
  codePoint(index: number): number;
}

function readCaption(caption: string): Caption {
  const plain = !BEYOND_LATIN.test(caption);
  let starts: ReadonlySet<number> | undefined;
  let folded: Folded | undefined;
  const codePoint = (index: number) => (plain ? index : codePointsUntil(caption, index));
  const offset = (point: number) => {
    if (plain) return point;
    let at = 0;
    for (let passed = 0; passed < point && at < caption.length; passed += 1) at += unitsAt(caption, at);
    return at;
  };
  /** Not inside one visible character, such as a letter with an accent or an emoji of several parts. */
  const isBetweenCharacters = (index: number) => {
    if (plain) return true;
    starts ??= new Set([...graphemes.segment(caption)].map((segment) => segment.index));
    return index === caption.length || starts.has(index);
  };
  return {
    codePoint,
    own({ text, span }) {
      if (!span || span[0] < 0 || span[1] <= span[0]) return undefined;
      const range: Range = [offset(span[0]), offset(span[1])];
      return caption.slice(...range) === text && codePoint(range[1]) === span[1] ? range : undefined;
    },
    exact(phrase) {
      const ranges: Range[] = [];
      for (let at = caption.indexOf(phrase); at >= 0; at = caption.indexOf(phrase, at + 1)) ranges.push([at, at + phrase.length]);
      return ranges.filter((range) => range.every(isBetweenCharacters));
    },
    matchFolded(phrase) {
      folded ??= fold(caption);
      return findFolded(folded, phraseKey(phrase));
    },
    isInsideWord(index) {
      INSIDE_WORD.lastIndex = index;
      return INSIDE_WORD.test(caption);
    },
  };
}

const BEYOND_LATIN = /[^\p{ASCII}¡-ÿ]/u;
/** Scripts without spaces between words, for a character class. */
export const unpartedScripts = String.raw`\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}`;
/** Between two letters of a script with spaces between words. */
const INSIDE_WORD = new RegExp(
  String.raw`(?<=[\p{L}\p{N}\p{M}])(?<![${unpartedScripts}])(?=[\p{L}\p{N}\p{M}])(?![${unpartedScripts}])`,
  'uy',
);

function codePointsUntil(text: string, index: number): number {
  let count = 0;
  for (let at = 0; at < index; at += unitsAt(text, at)) count += 1;
  return count;
}

const unitsAt = (text: string, index: number) => ((text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1);
