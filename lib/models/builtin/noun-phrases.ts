import model from 'wink-eng-lite-web-model';
import winkNLP from 'wink-nlp';
import { classWords } from './class-words.ts';
import { passedOver } from './passed-over.ts';
import { isPlural, singularOf } from './plural-words.ts';

/** A phrase as it stands in the caption, and its core noun. */
export interface NounPhrase {
  readonly text: string;
  readonly nounChunk: string;
}

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** One letter for what the word can be in a phrase; see `kindOf`. */
  readonly kind: string;
}

/** Words that put several things, or a part of one, before what they consist of. */
const GROUPS =
  /^(?:group|bunch|couple|pair|herd|flock|crowd|row|line|pile|stack|set|number|lot|variety|collection|assortment|team|slice|piece|bouquet|bundle)s?$/i;

/** Nouns in `ing`; any other word tagged so after a noun is what that noun does. */
const ING_NOUNS =
  /^(?:building|painting|ceiling|clothing|railing|wedding|evening|morning|ring|king|wing|string|swing|awning|crossing|topping|icing|frosting|dressing|stuffing|drawing|earring|sling|spring|bedding|siding|lighting|paneling)s?$/i;

/** `[not a] [two|very old|parked|red and green]* [group of [the] [old]*] dog sled`; each letter is a word. */
const MODIFIER = '(?:M|R?A|(?<=[DQMA])V|AC(?=A))';
const PHRASE = new RegExp(`X?([DQ]*)((?:Q|${MODIFIER})*(?:GO[DQ]*${MODIFIER}*)?N+)`, 'g');

const nlp = winkNLP(model, ['sbd', 'pos']);

/** The phrases of an English caption that name things one can see, in reading order. What is said not to be there is left out. */
export function nounPhrases(caption: string): NounPhrase[] {
  const words = tagWords(caption);
  const kinds = words.map(({ kind }) => kind).join('');
  return [...kinds.matchAll(PHRASE)].flatMap((match) => {
    if (match[0].startsWith('X')) return [];
    const phrase = words.slice(match.index, match.index + match[0].length);
    const named = withoutArticles(withoutVerb(phrase));
    const head = named.at(-1);
    if (!head || passedOver(head.text)) return [];
    return [{ text: caption.slice(named[0]?.start, head.end), nounChunk: head.text }];
  });
}

/** `an elephant drinks`, `surfers ride`: where number does not agree, the tagger took what things do for a thing. */
function withoutVerb(phrase: readonly Word[]): readonly Word[] {
  const [before, last] = phrase.slice(-2);
  if (before?.kind !== 'N' || !last || phrase.some(({ kind }) => kind === 'O')) return phrase;
  const isOne = /^(?:an?|one|this|that|another)$/i.test(phrase[0]?.text ?? '');
  const plural = isPlural(last.text.toLowerCase());
  const agrees = isOne
    ? !plural
    : plural || !isPlural(before.text.toLowerCase()) || /^(?:sports|clothes|jeans|glasses)$/i.test(before.text);
  return agrees ? phrase : phrase.slice(0, -1);
}

function withoutArticles(phrase: readonly Word[]): readonly Word[] {
  const at = phrase.findIndex(({ kind }) => kind !== 'D');
  return at < 0 ? [] : phrase.slice(at);
}

/** The tagger's tokens, with places in the caption and hyphenated words as one. */
function tagWords(caption: string): Word[] {
  const text = withoutCapitals(caption);
  const tokens = nlp.readDoc(text).tokens();
  const tags = tokens.out(nlp.its.pos) as string[];
  const words: Word[] = [];
  let at = 0;
  (tokens.out() as string[]).forEach((token, index) => {
    const start = text.indexOf(token, at);
    if (start < 0) return;
    const end = start + token.length;
    at = end;
    const previous = words.at(-1);
    const joined = previous && previous.end === start && (token === '-' || previous.text.endsWith('-')) && previous.kind !== 'x';
    const word = caption.slice(joined ? previous.start : start, end);
    const kind = token === '-' ? (previous?.kind ?? 'x') : kindOf(token, tags[index] ?? '', joined ? words.at(-2) : previous);
    words.splice(joined ? -1 : words.length, 1, { text: word, start: joined ? previous.start : start, end, kind });
  });
  return words.map((word, index) => {
    const [previous, next] = [words[index - 1], words[index + 1]];
    if (isCompound(previous, word) || isCompound(word, next)) return { ...word, kind: 'N' };
    const isGroup = word.kind === 'N' && GROUPS.test(word.text) && next?.kind === 'O';
    return isGroup ? { ...word, kind: 'G' } : word;
  });
}

/** `stop sign`, `teddy bears`: known for certain, whatever the tagger makes of them. */
function isCompound(first: Word | undefined, second: Word | undefined): boolean {
  return (
    first !== undefined && second !== undefined && classWords.has(`${first.text} ${singularOf(second.text.toLowerCase())}`.toLowerCase())
  );
}

/** `men ride horses`: nothing but a verb follows people and animals in the plural. */
function isDoer(word: Word | undefined): boolean {
  const noun = word?.kind === 'N' ? word.text.toLowerCase() : '';
  return isPlural(noun) && classWords.has(singularOf(noun));
}

/** The tagger takes a word with a capital for a name: the first of a sentence is written small. Lengths stay. */
function withoutCapitals(caption: string): string {
  return caption.replace(/(?:^|[.!?]\s+)["'“(]?[A-Z](?=[a-z\s])/g, (start) => start.toLowerCase());
}

function kindOf(text: string, tag: string, previous: Word | undefined): string {
  const before = previous?.kind ?? '';
  if (tag === 'DET' || (tag === 'PRON' && /^(?:his|her|its|their|my|your|our|this|that|these|those)$/i.test(text))) return determiner(text);
  if (tag === 'NUM') return 'M';
  if (tag === 'ADJ') return /^(?:all|both|another|several|many|few|other)$/i.test(text) ? 'Q' : 'A';
  if (tag === 'ADV') return 'R';
  if (tag === 'CCONJ') return 'C';
  if (tag === 'NOUN' && isDoer(previous)) return 'x';
  if (tag === 'NOUN') return /[NB]/.test(before) && /ing$/i.test(text) && !ING_NOUNS.test(text) ? 'x' : 'N';
  if (tag === 'PROPN') return /[DQMAN]/.test(before) ? 'N' : 'x';
  if (tag === 'VERB') return verb(text, previous);
  if (tag === 'AUX') return 'B';
  if (tag === 'ADP' && !/^of$/i.test(text)) return 'I';
  return tag === 'ADP' && /^of$/i.test(text) ? 'O' : 'x';
}

/** `a parked car` and `with mirrored walls` say what a thing is like, `a man parked` what it does. */
function verb(text: string, previous: Word | undefined): string {
  const before = previous?.kind ?? '';
  if (before === 'N') return /^stops?$/i.test(text) && /^bus$/i.test(previous?.text ?? '') ? 'N' : 'x';
  if (/[IO]/.test(before)) return /(?:ed|en)$/i.test(text) ? 'A' : 'x';
  return /(?:ed|en|ing)$/i.test(text) ? 'V' : 'x';
}

function determiner(text: string): string {
  if (/^no$/i.test(text)) return 'X';
  return /^(?:all|both|another|several|many|few)$/i.test(text) ? 'Q' : 'D';
}
