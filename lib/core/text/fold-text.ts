/** One character as readers see it: a letter with its accents, an emoji of several parts. */
export const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A key that ignores case, white space, quotes and Unicode form. */
export function phraseKey(text: string): string {
  const phrase = text.trim();
  return /^[\w ,.-]*$/.test(phrase) ? phrase.toLowerCase().replace(/ +/g, ' ') : fold(phrase).folded;
}

/** Folded text, with the origin of each of its characters. */
export interface Folded {
  readonly folded: string;
  /** Index in the folded text → index in the text, for beginnings and for ends of characters. */
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

/** Upper case first, because ß and ς change there. */
function foldCharacter(character: string): string {
  const plain = character
    .replace(/\s/g, ' ')
    .replace(/[‘’‚‛`´ʼ′]/g, "'")
    .replace(/[“”„‟«»″]/g, '"');
  return plain.normalize('NFC').toUpperCase().toLowerCase();
}

/** The range of a folded phrase in the original text, in UTF-16 units; it never splits a character. */
export function findFolded({ folded, starts, ends }: Folded, phrase: string): [number, number][] {
  const ranges: [number, number][] = [];
  for (let at = folded.indexOf(phrase); at >= 0; at = folded.indexOf(phrase, at + 1)) {
    const range = [starts.get(at), ends.get(at + phrase.length)] as const;
    if (range[0] !== undefined && range[1] !== undefined) ranges.push([range[0], range[1]]);
  }
  return ranges;
}
