import { readJsonBlocks, withoutThoughts } from './json-blocks.ts';
import { type FourNumbers, numberGroups, readTags } from './native-tags.ts';

/** One box of a reply as it was written: no convention is applied yet. */
export interface RawBox {
  /** As the model gave it, if it did: the number of the expression, and its words. */
  readonly id?: number;
  readonly label?: string;
  readonly score?: unknown;
  /** `absent`: the model says that there is nothing to box. `unreadable`: anything but four numbers. */
  readonly box: FourNumbers | 'absent' | 'unreadable';
  /** Which of the reply's blocks it stands in: some models repeat their answer. */
  readonly block: number;
}

/** Every box that a reply gives or declines to give. */
export interface BoxReading {
  readonly boxes: readonly RawBox[];
  /** Words about expressions that have no box, by their number (`builtin` says why). */
  readonly notes: ReadonlyMap<number, string>;
  /** An answer that is whole and lists nothing: an explicit "none". */
  readonly isEmptyAnswer: boolean;
  /** The reply came to its end and could be read as it stands. */
  readonly sound: boolean;
}

const BOX_KEYS = [
  'bbox_2d',
  'box_2d',
  'bbox',
  'box',
  'bboxes',
  'boxes',
  'bounding_box',
  'bounding_boxes',
  'coordinates',
  'location',
  'position',
];
const LABEL_KEYS = ['label', 'text', 'name', 'expression', 'phrase', 'description', 'object', 'class'];
const SCORE_KEYS = ['score', 'confidence', 'bbox_score', 'probability'];
/** Keys around lists of boxes; any other key there is a label. */
const STRUCTURE = /^(?:boxes|results?|objects?|detections?|items|data|annotations?|answers?|output|expressions?|instances|descriptions?)$/i;
const CORNERS = ['x_min', 'y_min', 'x_max', 'y_max'];

/** Reads a reply element by element, in whatever of the known forms it comes. The profile's key goes before others. */
export function readBoxes(reply: string, key?: string): BoxReading {
  const text = withoutThoughts(reply);
  const tagged = readTags(text);
  if (tagged.length > 0) return { boxes: tagged.map((box) => ({ ...box, block: 0 })), notes: new Map(), isEmptyAnswer: false, sound: true };

  const blocks = readJsonBlocks(text);
  const sound = blocks.length > 0 && blocks.every((one) => one.sound);
  const keys = key === undefined ? BOX_KEYS : [key, ...BOX_KEYS];
  const boxes: RawBox[] = [];
  const notes = new Map<number, string>();
  let block = 0;
  for (const [index, { values, lone }] of blocks.entries()) {
    // A stray bracket parts what belongs together: only whole values can be repetitions.
    if (sound && index > 0 && !(lone && blocks[index - 1]?.lone)) block += 1;
    for (const value of values) collect(value, {}, { keys, block, boxes, notes });
  }
  if (!sound) for (const box of salvagedAbsences(text)) boxes.push({ ...box, block: 0 });
  return { boxes, notes, isEmptyAnswer: sound && boxes.length === 0 && blocks.every(({ values }) => values.every(listsNothing)), sound };
}

interface Collection {
  readonly keys: readonly string[];
  readonly block: number;
  readonly boxes: RawBox[];
  readonly notes: Map<number, string>;
}

type Owner = Pick<RawBox, 'id' | 'label' | 'score'>;

function collect(value: unknown, owner: Owner, into: Collection): void {
  if (Array.isArray(value)) {
    const own = fourNumbers(value);
    if (own) into.boxes.push({ ...owner, box: own, block: into.block });
    else for (const item of value) collect(item, owner, into);
  } else if (isRecord(value)) collectObject(value, owner, into);
}

function collectObject(object: Record<string, unknown>, parent: Owner, into: Collection): void {
  const { keys, block, boxes, notes } = into;
  const owner = ownerOf(object, parent);
  const corners = CORNERS.map((corner) => object[corner]);
  const key = keys.find((name) => name in object && !isList(object, name, keys));
  if (corners.every((corner) => typeof corner === 'number')) boxes.push({ ...owner, box: corners as unknown as FourNumbers, block });
  else if (key !== undefined) {
    for (const [index, box] of boxesOf(object[key]).entries()) boxes.push({ ...owner, ...parallel(object, index), box, block });
  } else {
    for (const [name, inner] of Object.entries(object)) {
      if (name === 'absent') for (const item of Array.isArray(inner) ? inner : []) boxes.push({ ...named(item), box: 'absent', block });
      else if (name === 'notes' && isRecord(inner)) for (const [id, note] of Object.entries(inner)) notes.set(Number(id), String(note));
      else if (STRUCTURE.test(name)) collect(inner, owner, into);
      else if (Array.isArray(inner) && inner.length === 0) boxes.push({ ...owner, label: name, box: 'absent', block });
      else if (typeof inner === 'object') collect(inner, { ...owner, label: name }, into);
    }
  }
}

/** `{"boxes": [{"box_2d": …}, …]}`: here `boxes` is no box but what holds them. */
function isList(object: Record<string, unknown>, name: string, keys: readonly string[]): boolean {
  const value = object[name];
  if (!Array.isArray(value)) return isRecord(value);
  if (value.some((item) => isRecord(item))) return true;
  return value.length === 0 && name === 'boxes' && !LABEL_KEYS.concat('id').some((other) => other in object) && keys.length > 0;
}

function ownerOf(object: Record<string, unknown>, parent: Owner): Owner {
  const label = LABEL_KEYS.map((name) => object[name]).find((value) => typeof value === 'string');
  const score = SCORE_KEYS.map((name) => object[name]).find((value) => value !== undefined && value !== null);
  const id = idOf(object.id);
  return { ...parent, ...(id !== undefined && { id }), ...(typeof label === 'string' && { label }), ...(score !== undefined && { score }) };
}

/** Lists beside a list of boxes: `{"bboxes": […], "labels": […], "scores": […]}`. */
function parallel({ labels, scores }: Record<string, unknown>, index: number): Owner {
  const label = Array.isArray(labels) ? labels[index] : undefined;
  const score = Array.isArray(scores) ? scores[index] : undefined;
  return { ...(typeof label === 'string' && { label }), ...(score !== undefined && { score }) };
}

/** The boxes below a box key: one, a list of them, their text, or word that there is none. */
function boxesOf(value: unknown): RawBox['box'][] {
  if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) return ['absent'];
  if (typeof value === 'string') {
    if (/^\s*(?:null|none|n\/a|absent|not (?:visible|found|present))\s*$/i.test(value)) return ['absent'];
    const groups = numberGroups(value);
    return groups.length > 0 ? groups : ['unreadable'];
  }
  if (!Array.isArray(value)) return ['unreadable'];
  const own = fourNumbers(value) ?? fourNumbers(value.length === 2 ? value.flat() : []);
  if (own) return [own];
  const boxes = value.map((item) => (Array.isArray(item) ? fourNumbers(item) : undefined));
  return boxes.some(Boolean) ? boxes.map((box) => box ?? 'unreadable') : ['unreadable'];
}

/** Exactly four: points, polygons and 3D boxes come in the same shapes. */
function fourNumbers(value: readonly unknown[]): FourNumbers | undefined {
  if (value.length !== 4) return undefined;
  const numbers = value.map((item) => (typeof item === 'string' && item.trim() !== '' ? Number(item) : item));
  return numbers.every((item) => typeof item === 'number' && Number.isFinite(item)) ? (numbers as unknown as FourNumbers) : undefined;
}

function idOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : undefined;
}

/** An entry of `absent`: a number, words, or an object with them. */
function named(item: unknown): Owner {
  if (isRecord(item)) return ownerOf(item, {});
  const id = idOf(item);
  return id === undefined ? (typeof item === 'string' ? { label: item } : {}) : { id };
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

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
