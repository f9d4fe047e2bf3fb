/** What readers see as one character: a letter with its accents, an emoji of several parts. */
export const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Phrases equal but for case, white space, quotes and Unicode form have the same key. */
export function phraseKey(text: string): string {
  const phrase = text.trim();
  return /^[\w ,.-]*$/.test(phrase) ? phrase.toLowerCase().replace(/ +/g, ' ') : fold(phrase).folded;
}

/** Text without what does not matter, and where each of its characters came from. */
export interface Folded {
  readonly folded: string;
  /** Place in the folded text → place in the text, for beginnings and for ends of characters. */
  readonly starts: ReadonlyMap<number, number>;
  readonly ends: ReadonlyMap<number, number>;
}

export function fold(text: string): Folded {
  const starts = new Map<number, number>();
  const ends = new Map<number, number>();
  let folded = '';
  let afterSpace = false;
  for (const { segment, index } of graphemes.segment(text)) {
    const space = /^\s+$/.test(segment);
    if (!(space && afterSpace)) {
      starts.set(folded.length, index);
      folded += space ? ' ' : foldCharacter(segment);
    }
    ends.set(folded.length, index + segment.length);
    afterSpace = space;
  }
  return { folded, starts, ends };
}

/** Upper case first: it makes ß and ς what they are in capitals. */
function foldCharacter(character: string): string {
  const plain = character
    .replace(/\s/g, ' ')
    .replace(/[‘’‚‛`´ʼ′]/g, "'")
    .replace(/[“”„‟«»″]/g, '"');
  return plain.normalize('NFC').toUpperCase().toLowerCase();
}

/** Where a folded phrase stands in the text itself, in UTF-16 units; never from or to the middle of a character. */
export function findFolded({ folded, starts, ends }: Folded, phrase: string): [number, number][] {
  const ranges: [number, number][] = [];
  for (let at = folded.indexOf(phrase); at >= 0; at = folded.indexOf(phrase, at + 1)) {
    const range = [starts.get(at), ends.get(at + phrase.length)] as const;
    if (range[0] !== undefined && range[1] !== undefined) ranges.push([range[0], range[1]]);
  }
  return ranges;
}
