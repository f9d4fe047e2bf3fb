import { isNonVisualNoun } from './non-visual-nouns.ts';
import { isPlural } from './plural-words.ts';
import { type TaggedWord, tagWords } from './tag-words.ts';

/** A phrase in the words of the caption, and its core noun. */
export interface NounPhrase {
  readonly text: string;
  readonly nounChunk: string;
}

/** `[no] [the|two|very old|parked|red and green]* [group of [the|old]*] dog sled`, by the kinds of the words. */
const MODIFIERS = '(?:[DQM]|R?A|(?<=[DQMA])V|AC(?=A))*';
const PHRASE = new RegExp(`X?${MODIFIERS}(?:GO${MODIFIERS})?N+`, 'g');

/** Characters read of a caption: longer captions add no phrases of the picture. */
const MAX_CHARACTERS = 4000;

/** The phrases of an English caption that name visible things, in reading order. Negated things ("no cars") are left out. */
export function nounPhrases(caption: string): NounPhrase[] {
  const words = tagWords(caption.slice(0, MAX_CHARACTERS));
  const kinds = words.map(({ kind }) => kind).join('');
  return [...kinds.matchAll(PHRASE)].flatMap((match) => {
    if (match[0].startsWith('X')) return [];
    const phrase = words.slice(match.index, match.index + match[0].length);
    const named = withoutArticles(withoutVerb(phrase));
    const head = named.at(-1);
    if (!head || isNonVisualNoun(head.text)) return [];
    return [{ text: caption.slice(named[0]?.start, head.end), nounChunk: head.text }];
  });
}

/** `an elephant drinks`, `surfers ride`: where the number does not agree, the tagger mistook a verb for a noun. */
function withoutVerb(phrase: readonly TaggedWord[]): readonly TaggedWord[] {
  const [before, last] = phrase.slice(-2);
  if (before?.kind !== 'N' || !last || phrase.some(({ kind }) => kind === 'O')) return phrase;
  const isOne = /^(?:an?|one|this|that|another)$/i.test(phrase[0]?.text ?? '');
  const plural = isPlural(last.text.toLowerCase());
  const agrees = isOne
    ? !plural
    : plural || !isPlural(before.text.toLowerCase()) || /^(?:sports|clothes|jeans|glasses)$/i.test(before.text);
  return agrees ? phrase : phrase.slice(0, -1);
}

function withoutArticles(phrase: readonly TaggedWord[]): readonly TaggedWord[] {
  const at = phrase.findIndex(({ kind }) => kind !== 'D');
  return at < 0 ? [] : phrase.slice(at);
}
