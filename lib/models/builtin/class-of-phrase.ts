import { classWords, notOfTheirClass } from './class-words.ts';
import { isPlural, toSingular } from './plural-words.ts';

/** The class that a phrase means. `count`: the number of things, where the phrase has one. */
export interface Wanted {
  readonly className: string;
  readonly plural: boolean;
  readonly count: number | undefined;
}

const NUMBERS: Readonly<Record<string, number>> = {
  both: 2,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
};

/** The largest number of words in a compound. Longer compounds are tried first. */
const MAX_COMPOUND = 3;

/** The detector class of a phrase, by its core noun and the words before it in a compound; `undefined` = none of the 80. */
export function classOfPhrase(text: string, nounChunk: string): Wanted | undefined {
  const words = splitPhrase(upToChunk(text, nounChunk));
  for (let length = Math.min(MAX_COMPOUND, words.length); length > 0; length -= 1) {
    const last = words.slice(-length);
    const className = classOfWords(last);
    if (className === null) return undefined;
    if (className) {
      const plural = isPlural(last.at(-1) ?? '');
      return { className, plural, count: plural ? readCount(splitPhrase(text)) : 1 };
    }
  }
  return undefined;
}

/** The class of the words; `null` for a thing whose name only ends like a class. */
function classOfWords(words: readonly string[]): string | null | undefined {
  const singular = [...words.slice(0, -1), toSingular(words.at(-1) ?? '')].join(' ');
  if (notOfTheirClass.has(singular)) return null;
  return classWords.get(words.join(' ')) ?? classWords.get(singular) ?? personLike(singular);
}

/** `fisherman`, `saleswoman`, `chairperson`: too many for a table. */
function personLike(word: string): string | undefined {
  return /^[a-z]+(?:man|woman|person)$/.test(word) && !/^(?:snow|ger|ro|ba|hu)man$|^ottoman$/.test(word) ? 'person' : undefined;
}

/** The text up to the chunk: `a red car door` with the chunk `car` means a car. */
function upToChunk(text: string, nounChunk: string): string {
  const at = text.toLowerCase().lastIndexOf(nounChunk.toLowerCase());
  return at < 0 ? nounChunk : text.slice(0, at + nounChunk.length);
}

function readCount(words: readonly string[]): number | undefined {
  for (const word of words) {
    const count = NUMBERS[word] ?? (/^\d{1,2}$/.test(word) ? Number(word) : 0);
    if (count > 0) return count;
  }
  return /^(?:couple|pair)$/.test(words[0] ?? '') ? 2 : undefined;
}

const splitPhrase = (text: string) => text.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{N}.]*/gu) ?? [];
