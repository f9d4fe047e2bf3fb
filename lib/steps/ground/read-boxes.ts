import { readJsonBlocks, withoutThoughts } from '../json-blocks.ts';
import { collectBoxes, isRecord, type RawBox } from './collect-boxes.ts';
import { readTags } from './native-tags.ts';

/** All boxes and absences of a reply. */
export interface BoxReading {
  readonly boxes: readonly RawBox[];
  /** Remarks about expressions without a box, by their number; `builtin` writes the reason there. */
  readonly notes: ReadonlyMap<number, string>;
  /** The reply is complete and lists nothing, which means "none". */
  readonly isEmptyAnswer: boolean;
  /** The reply was not cut off, and its JSON was valid. */
  readonly complete: boolean;
}

/** Reads a reply element by element, in any of the known forms. `key`: the box key of the profile, which has precedence. */
export function readBoxes(reply: string, key?: string): BoxReading {
  const text = withoutThoughts(reply);
  const tagged = readTags(text);
  if (tagged.length > 0)
    return { boxes: tagged.map((box) => ({ ...box, block: 0 })), notes: new Map(), isEmptyAnswer: false, complete: true };

  const blocks = readJsonBlocks(text);
  const complete = blocks.length > 0 && blocks.every((one) => one.complete);
  const boxes: RawBox[] = [];
  const notes = new Map<number, string>();
  let block = 0;
  for (const [index, { values, single }] of blocks.entries()) {
    // A stray bracket can split one answer. Only complete values count as repetitions of it.
    if (complete && index > 0 && !(single && blocks[index - 1]?.single)) block += 1;
    for (const value of values) collectBoxes(value, { key, block, boxes, notes });
  }
  // Only the elements of a repaired block were read, so its list of absences is still missing.
  if (!complete || blocks.some(({ repaired }) => repaired)) for (const box of salvageAbsences(text)) boxes.push({ ...box, block: 0 });
  return {
    boxes,
    notes,
    isEmptyAnswer: complete && boxes.length === 0 && blocks.every(({ values }) => values.every(listsNothing)),
    complete,
  };
}

/** Finds the `absent` list of a broken reply. */
function salvageAbsences(text: string): Omit<RawBox, 'block'>[] {
  const list = /["']absent["']\s*:\s*\[([\d\s,"']*)\]/.exec(text)?.[1] ?? '';
  return [...list.matchAll(/\d+/g)].map(([id]) => ({ id: Number(id), box: 'absent' }));
}

const listsNothing = (value: unknown): boolean => {
  if (Array.isArray(value)) return value.length === 0;
  // An empty list of boxes with an empty list of absences is a contradiction, not a "none".
  const lists = isRecord(value) && !('absent' in value) ? Object.values(value) : [];
  return lists.length > 0 && lists.every((list) => Array.isArray(list) && list.length === 0);
};
