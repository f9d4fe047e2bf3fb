import { phraseKey } from '#core/fold-text.ts';
import type { RawBox } from './collect-boxes.ts';

/** An expression as a request asks for it: by its number there. */
export interface AskedExpression {
  readonly id: number;
  readonly text: string;
  readonly nounChunk: string;
  /** `1` for the first of several with equal words, and so on; absent where the words are unique. */
  readonly ordinal?: number;
}

/** Finds out which of the asked expressions a box of the reply is meant for; `undefined` rather than a guess. */
export function createMatcher(asked: readonly AskedExpression[], boxes: readonly RawBox[]): (box: RawBox) => number | undefined {
  const ids = new Set(asked.map(({ id }) => id));
  const byLabel = new Map<string, number | undefined>();
  const learn = (label: string, id: number) => byLabel.set(labelKey(label), byLabel.has(labelKey(label)) ? undefined : id);
  for (const { id, text, ordinal } of asked) {
    learn(text, id);
    if (ordinal !== undefined) learn(`${text} ${formatOrdinal(ordinal)}`, id);
  }
  const [only] = asked.length === 1 ? asked : [];
  // Numbers that nobody asked for count something else (boxes, places from zero): then words tell more than numbers.
  const numbersAreOurs = boxes.every(({ id }) => id === undefined || ids.has(id));

  return ({ id, label }) => {
    const labelled = label === undefined ? undefined : byLabel.get(labelKey(label));
    if (!numbersAreOurs && labelled !== undefined) return labelled;
    if (id !== undefined && ids.has(id)) return id;
    const numbered = Number(/^\s*[#([]?(\d+)\s*(?:[.:)\]](?!\d)|$)/.exec(label ?? '')?.[1]);
    if (ids.has(numbered)) return numbered;
    if (labelled !== undefined) return labelled;
    return only && id === undefined && speaksOf(label, only) ? only.id : undefined;
  };
}

export function formatOrdinal(place: number): string {
  const ending = place % 100 >= 11 && place % 100 <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][place % 10] ?? 'th');
  return `(${place}${ending})`;
}

function labelKey(label: string): string {
  return phraseKey(label.replace(/["“”.,;]/g, '')).trim();
}

/** To a question about one thing, a box without words or with some of its words is the answer. */
function speaksOf(label: string | undefined, { text, nounChunk }: AskedExpression): boolean {
  if (label === undefined || label.trim() === '') return true;
  const [said, asked, noun] = [label, text, nounChunk].map(labelKey) as [string, string, string];
  return said.includes(noun) || asked.includes(said) || said.includes(asked);
}
