/** Core nouns without a box: words about pictures, positions, times, and invisible things. */
const NON_VISUAL_NOUNS = new Set(
  (
    'picture image photo photograph view scene shot closeup close-up background foreground snapshot portrait panorama perspective footage ' +
    'front back side top bottom middle center centre corner left right inside outside interior exterior edge end part area distance way place ' +
    'spot location position direction point line row group bunch couple pair number lot variety set kind type sort style piece slice ' +
    'day night morning afternoon evening time moment year season summer winter spring autumn fall weather dusk dawn dark daytime ' +
    'fun love life work job sport air idea thing something anything nothing everything someone somebody anyone everyone nobody one other ' +
    'use attention activity action event game match trick turn ride walk trip race practice play competition conversation language ' +
    'color colour size shape length height width amount rest show display motion order case fact reason name cash'
  ).split(' '),
);

/** Whether a phrase with this core noun is left out. */
export function isNonVisualNoun(noun: string): boolean {
  const word = noun.toLowerCase();
  return NON_VISUAL_NOUNS.has(word) || NON_VISUAL_NOUNS.has(word.replace(/s$/, ''));
}
