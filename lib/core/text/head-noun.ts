const wordSet = (list: string) => new Set(list.trim().split(/\s+/));

const ARTICLES = wordSet('a an the my your his her its our their every');
/** Words before a noun, or instead of one: "the one in the middle". */
const QUANTIFIERS = wordSet('this that these those some any another other each all both most many several no one two three four five six');

/** Words that begin a detail of the preceding noun: its place, its owner, a relative clause. */
const STOP_WORDS = wordSet(`
  of in on at with without under underneath below beneath behind beside besides near next over above across along around against among
  between by from into onto inside outside through to toward towards beyond past for during that who whose whom which where is are was were`);
/** Verbs in -ing that begin a detail of the preceding noun. */
const GERUNDS = wordSet(`
  wearing holding carrying riding eating playing pulling pushing using watching facing making taking throwing hitting catching kicking
  swinging feeding reading showing covering having doing looking talking containing featuring`);
/** Participles that may also stand before their noun: "a car parked here", "a parked car". */
const DETACHABLE_PREPOSITIONS = wordSet(`
  sitting standing walking running lying laying leaning sleeping resting kneeling crouching bending jumping flying hanging swimming
  waiting posing smiling climbing driving drinking cooking skiing surfing skating skateboarding grazing growing floating moving going coming
  parked dressed covered filled made seated located placed attached surrounded decorated painted topped stacked piled tied lined mounted
  hung wrapped held stuck built worn cut eaten being perched tucked positioned displayed arranged loaded packed half full up down out off here there
  left right close closest nearest far farthest furthest partially partly mostly fully directly just`);

/** Containers and groups of the next noun: "a pair of shoes" is about shoes. A cup of coffee stays a cup. */
const MEASURE =
  /^(?:pair|group|couple|bunch|herd|flock|crowd|set|piece|slice|row|pack|swarm|lot|number|variety|dozen|bit|kind|type|sort|collection|handful)s?$/;

/**
 * The core noun of an English phrase: the last word before a detail, "man" of "man in a blue shirt".
 * In other phrases, also of other languages, it is the last word, as in TAO.
 */
export function headNoun(phrase: string): string {
  const given = phrase.trim().split(/\s+/);
  const plain = given.map((word) => word.toLowerCase().replace(/[^\p{L}\p{N}]+$/u, ''));
  let start = 0;
  let end = given.length;
  for (let at = 1; at < end; at++)
    if (plain[at] === 'of' && onlyMeasures(plain[at - 1]) && at + 1 < end) start = at + 1;
    else if (at > start && endsNoun(plain, at)) end = at;
  const noun = given[end - 1] ?? phrase;
  return end < given.length ? noun.replace(/[,;:.]+$/, '') : noun;
}

const onlyMeasures = (word = '') => MEASURE.test(word) || isQuantifier(word);
const isQuantifier = (word: string) => QUANTIFIERS.has(word) || /^\d+$/.test(word);

function endsNoun(plain: readonly string[], at: number): boolean {
  const [before = '', word = '', next] = plain.slice(at - 1, at + 2);
  if (ARTICLES.has(before)) return false;
  // the last word is never a preposition: in Danish, "by" is a town
  if (STOP_WORDS.has(word)) return next !== undefined;
  if (isQuantifier(before) || DETACHABLE_PREPOSITIONS.has(before)) return false;
  const beginsAnother =
    next === undefined || [STOP_WORDS, DETACHABLE_PREPOSITIONS, ARTICLES].some((set) => set.has(next)) || isQuantifier(next);
  return GERUNDS.has(word) || (DETACHABLE_PREPOSITIONS.has(word) && beginsAnother);
}
