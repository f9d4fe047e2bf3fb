import { readJsonBlocks, withoutThoughts } from '../json-blocks.ts';
import { collectBoxes, isRecord, type RawBox } from './collect-boxes.ts';
import { readTags } from './native-tags.ts';

/** Every box that a reply gives or declines to give. */
export interface BoxReading {
  readonly boxes: readonly RawBox[];
  /** Words about expressions that have no box, by their number (`builtin` says why). */
  readonly notes: ReadonlyMap<number, string>;
  /** An answer that is whole and lists nothing: an explicit "none". */
  readonly isEmptyAnswer: boolean;
  /** The reply came to its end and could be read as it stands. */
  readonly complete: boolean;
}

/** Reads a reply element by element, in whatever of the known forms it comes. The profile's key goes before others. */
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
    // A stray bracket parts what belongs together: only whole values can be repetitions.
    if (complete && index > 0 && !(single && blocks[index - 1]?.single)) block += 1;
    for (const value of values) collectBoxes(value, { key, block, boxes, notes });
  }
  // Only single elements of a mended block were read: what stands beside them is not in them.
  if (!complete || blocks.some(({ repaired }) => repaired)) for (const box of salvagedAbsences(text)) boxes.push({ ...box, block: 0 });
  return {
    boxes,
    notes,
    isEmptyAnswer: complete && boxes.length === 0 && blocks.every(({ values }) => values.every(listsNothing)),
    complete,
  };
}

/** `absent` is a list of numbers beside the boxes; in a broken reply it is looked for on its own. */
function salvagedAbsences(text: string): Omit<RawBox, 'block'>[] {
  const list = /["']absent["']\s*:\s*\[([\d\s,"']*)\]/.exec(text)?.[1] ?? '';
  return [...list.matchAll(/\d+/g)].map(([id]) => ({ id: Number(id), box: 'absent' }));
}

const listsNothing = (value: unknown): boolean => {
  if (Array.isArray(value)) return value.length === 0;
  // With an empty list of absences it contradicts itself rather than saying "none".
  const lists = isRecord(value) && !('absent' in value) ? Object.values(value) : [];
  return lists.length > 0 && lists.every((list) => Array.isArray(list) && list.length === 0);
};
