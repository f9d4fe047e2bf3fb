const IRREGULAR: Readonly<Record<string, string>> = {
  people: 'person',
  men: 'man',
  women: 'woman',
  children: 'child',
  geese: 'goose',
  mice: 'mouse',
  oxen: 'ox',
  calves: 'calf',
  knives: 'knife',
  wolves: 'wolf',
  buses: 'bus',
  busses: 'bus',
  skis: 'ski',
  ties: 'tie',
  movies: 'movie',
  cookies: 'cookie',
  doggies: 'doggie',
};

/** Singular words that end in `s`. */
const SINGULAR = /(?:ss|us|is|[^aeiou]series|scissors|tennis|gas|lens|canvas|atlas|christmas)$/;

/** Words without a plural `s` that name several things. */
const COLLECTIVE = /^(?:people|couple|crowd|family|audience|team|crew|cattle|sheep|trio|luggage|skis)$/;

/** The singular of an English noun in lower case; the word itself where it is no usual plural. */
export function toSingular(word: string): string {
  const irregular = IRREGULAR[word] ?? compound(word);
  if (irregular) return irregular;
  if (SINGULAR.test(word)) return word;
  if (/[^aeiou]ies$/.test(word)) return `${word.slice(0, -3)}y`;
  if (/(?:s|x|z|ch|sh)es$/.test(word)) return word.slice(0, -2);
  if (/(?:tomato|potato|hero)es$/.test(word)) return word.slice(0, -2);
  return word.length > 3 && word.endsWith('s') ? word.slice(0, -1) : word;
}

/** Whether the form of a noun in lower case is a plural. */
export function isPlural(word: string): boolean {
  return COLLECTIVE.test(word) || toSingular(word) !== word;
}

/** `policemen`, `saleswomen`. */
function compound(word: string): string | undefined {
  return /^.+men$/.test(word) && !/^(?:specimen|regimen|abdomen|omen|ramen|semen)$/.test(word) ? `${word.slice(0, -3)}man` : undefined;
}
