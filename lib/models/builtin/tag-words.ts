import model from 'wink-eng-lite-web-model';
import winkNLP from 'wink-nlp';
import { classWords } from './class-words.ts';
import { isPlural, toSingular } from './plural-words.ts';

/**
 * The kind of a word in a phrase: `D` article or possessive, `Q` all, both, several …, `X` no, `M` number, `A` adjective, `R` adverb,
 * `V` participle, `N` noun, `G` group (of), `O` of, `C` and, or, `I` another preposition, `B` is, has …, `x` anything else.
 */
type Kind = 'D' | 'Q' | 'X' | 'M' | 'A' | 'R' | 'V' | 'N' | 'G' | 'O' | 'C' | 'I' | 'B' | 'x';

/** A word, or several joined by hyphens, with its position in the caption. */
export interface TaggedWord {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly kind: Kind;
}

/** Words for several things, or a part of one, before `of`. */
const GROUPS =
  /^(?:group|bunch|couple|pair|herd|flock|crowd|row|line|pile|stack|set|number|lot|variety|collection|assortment|team|slice|piece|bouquet|bundle)s?$/i;

/** Nouns that end in `ing`. Other such words after a noun are verbs. */
const ING_NOUNS =
  /^(?:building|painting|ceiling|clothing|railing|wedding|evening|morning|ring|king|wing|string|swing|awning|crossing|topping|icing|frosting|dressing|stuffing|drawing|earring|sling|spring|bedding|siding|lighting|paneling)s?$/i;

const QUANTITIES = /^(?:all|both|another|several|many|few|other)$/i;
const POSSESSIVES = /^(?:his|her|its|their|my|your|our|this|that|these|those)$/i;

const nlp = winkNLP(model, ['sbd', 'pos']);

/** The tokens of the tagger, with positions in the caption and hyphenated words as one. */
export function tagWords(caption: string): TaggedWord[] {
  const text = withoutCapitals(caption);
  const tokens = nlp.readDoc(text).tokens();
  const tags = tokens.out(nlp.its.pos) as string[];
  const words: TaggedWord[] = [];
  let at = 0;
  (tokens.out() as string[]).forEach((token, index) => {
    const start = text.indexOf(token, at);
    if (start < 0) return;
    const end = start + token.length;
    at = end;
    const previous = words.at(-1);
    const joined = previous && previous.end === start && (token === '-' || previous.text.endsWith('-')) && previous.kind !== 'x';
    const word = caption.slice(joined ? previous.start : start, end);
    const kind = token === '-' ? (previous?.kind ?? 'x') : classifyWord(token, tags[index] ?? '', joined ? words.at(-2) : previous);
    words.splice(joined ? -1 : words.length, 1, { text: word, start: joined ? previous.start : start, end, kind });
  });
  return words.map((word, index): TaggedWord => {
    const [previous, next] = [words[index - 1], words[index + 1]];
    if (isCompound(previous, word) || isCompound(word, next)) return { ...word, kind: 'N' };
    const isGroup = word.kind === 'N' && GROUPS.test(word.text) && next?.kind === 'O';
    return isGroup ? { ...word, kind: 'G' } : word;
  });
}

/** `stop sign`, `teddy bears`: compounds of the class table are nouns, whatever the tagger's result. */
function isCompound(first: TaggedWord | undefined, second: TaggedWord | undefined): boolean {
  return (
    first !== undefined && second !== undefined && classWords.has(`${first.text} ${toSingular(second.text.toLowerCase())}`.toLowerCase())
  );
}

/** `men ride horses`: a word after people or animals in the plural is a verb. */
function isDoer(word: TaggedWord | undefined): boolean {
  const noun = word?.kind === 'N' ? word.text.toLowerCase() : '';
  return isPlural(noun) && classWords.has(toSingular(noun));
}

/** Lower-cases the first word of each sentence, because the tagger reads capitals as names. Lengths stay equal. */
function withoutCapitals(caption: string): string {
  return caption.replace(/(?:^|[.!?]\s+)["'“(]?[A-Z](?=[a-z\s])/g, (start) => start.toLowerCase());
}

/** The kind of a word: the tagger's tag, with corrections for captions. */
function classifyWord(text: string, tag: string, previous: TaggedWord | undefined): Kind {
  const before = previous?.kind ?? '';
  if (tag === 'DET' || (tag === 'PRON' && POSSESSIVES.test(text))) return determiner(text);
  if (tag === 'NUM') return 'M';
  if (tag === 'ADJ') return QUANTITIES.test(text) ? 'Q' : 'A';
  if (tag === 'ADV') return 'R';
  if (tag === 'CCONJ') return 'C';
  if (tag === 'NOUN' && isDoer(previous)) return 'x';
  if (tag === 'NOUN') return /[NB]/.test(before) && /ing$/i.test(text) && !ING_NOUNS.test(text) ? 'x' : 'N';
  if (tag === 'PROPN') return /[DQMAN]/.test(before) ? 'N' : 'x';
  if (tag === 'VERB') return verb(text, previous);
  if (tag === 'AUX') return 'B';
  if (tag === 'ADP') return /^of$/i.test(text) ? 'O' : 'I';
  return 'x';
}

/** The kind of a verb form: an attribute in `a parked car` and `with mirrored walls`, a verb in `a man parked`. */
function verb(text: string, previous: TaggedWord | undefined): Kind {
  const before = previous?.kind ?? '';
  if (before === 'N') return /^stops?$/i.test(text) && /^bus$/i.test(previous?.text ?? '') ? 'N' : 'x';
  if (/[IO]/.test(before)) return /(?:ed|en)$/i.test(text) ? 'A' : 'x';
  return /(?:ed|en|ing)$/i.test(text) ? 'V' : 'x';
}

function determiner(text: string): Kind {
  if (/^no$/i.test(text)) return 'X';
  return QUANTITIES.test(text) ? 'Q' : 'D';
}
