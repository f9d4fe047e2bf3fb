import { numberGroups, type TagCoordinates } from './native-tags.ts';

/** One box of a reply in the model's own coordinates. */
export interface RawBox {
  /** The number of the expression, where the reply states it. */
  readonly id?: number | undefined;
  /** The words of the expression, where the reply states them. */
  readonly label?: string | undefined;
  readonly score?: unknown;
  /** `absent`: the reply states that nothing is visible. `unreadable`: no four numbers. */
  readonly box: TagCoordinates | 'absent' | 'unreadable';
  /** Index of the JSON block in the reply: some models repeat their answer. */
  readonly block: number;
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
/** Keys of lists of boxes. Any other key is a label. */
const STRUCTURE = /^(?:boxes|results?|objects?|detections?|items|data|annotations?|answers?|output|expressions?|instances|descriptions?)$/i;
const CORNERS = ['x_min', 'y_min', 'x_max', 'y_max'];

/** No answer is nested this deep; a looping model may be. */
const MAX_DEPTH = 50;

/** Collects the boxes of a reply. */
interface Collection {
  /** The box key of the model family, which has precedence over the common ones. */
  readonly key: string | undefined;
  readonly block: number;
  readonly boxes: RawBox[];
  /** Remarks about expressions without a box, by their number. */
  readonly notes: Map<number, string>;
}

/** Facts about a box that its surrounding objects state. */
type Owner = Pick<RawBox, 'id' | 'label' | 'score'>;

/** Finds all boxes in a value of a reply, at any depth of lists and objects. */
export function collectBoxes(value: unknown, into: Collection, owner: Owner = {}, depth = 0): void {
  if (depth > MAX_DEPTH) return;
  if (Array.isArray(value)) {
    const own = fourNumbers(value);
    if (own) into.boxes.push({ ...owner, box: own, block: into.block });
    else for (const item of value) collectBoxes(item, into, owner, depth + 1);
  } else if (isRecord(value)) collectObject(value, into, readOwner(value, owner), depth);
}

function collectObject(object: Record<string, unknown>, into: Collection, owner: Owner, depth: number): void {
  const { block, boxes } = into;
  const corners = CORNERS.map((corner) => object[corner]);
  const key = [into.key, ...BOX_KEYS].find((name) => name !== undefined && name in object && !holdsElements(object, name));
  if (corners.every((corner) => typeof corner === 'number')) boxes.push({ ...owner, box: corners as unknown as TagCoordinates, block });
  else if (key === undefined) for (const entry of Object.entries(object)) collectEntry(entry, into, owner, depth);
  else
    for (const [index, box] of readBoxesIn(object[key]).entries())
      boxes.push({ ...mergeOwner(owner, readParallelLists(object, index)), box, block });
}

/** Reads one entry of an object without a box of its own, by the meaning of its key. */
function collectEntry([name, value]: [string, unknown], into: Collection, owner: Owner, depth: number): void {
  const { block, boxes, notes } = into;
  if (name === 'absent')
    for (const item of Array.isArray(value) ? value : []) boxes.push({ ...readAbsentItem(item), box: 'absent', block });
  else if (name === 'notes' && isRecord(value)) for (const [id, note] of Object.entries(value)) notes.set(Number(id), String(note));
  else if (STRUCTURE.test(name)) collectBoxes(value, into, owner, depth + 1);
  else if (Array.isArray(value) && value.length === 0) boxes.push({ ...owner, label: name, box: 'absent', block });
  else collectBoxes(value, into, { ...owner, label: name }, depth + 1);
}

/** In `{"boxes": [{"box_2d": …}, …]}`, `boxes` is a list of elements, perhaps an empty one, and not a box. */
function holdsElements(object: Record<string, unknown>, name: string): boolean {
  const value = object[name];
  if (!Array.isArray(value)) return isRecord(value);
  return (
    value.some(isRecord) ||
    (value.length === 0 && name === 'boxes' && Object.values(readOwner(object, {})).every((value) => value === undefined))
  );
}

function readOwner(object: Record<string, unknown>, parent: Owner): Owner {
  const label = LABEL_KEYS.map((name) => object[name]).find((value) => typeof value === 'string');
  const score = SCORE_KEYS.map((name) => object[name]).find((value) => value !== undefined && value !== null);
  return mergeOwner(parent, { id: readId(object.id), label: typeof label === 'string' ? label : undefined, score });
}

/** The inner facts have precedence over those of the parent. */
function mergeOwner(parent: Owner, { id = parent.id, label = parent.label, score = parent.score }: Owner): Owner {
  return { id, label, score };
}

/** Reads parallel lists: `{"bboxes": […], "labels": […], "scores": […]}`. */
function readParallelLists({ labels, scores }: Record<string, unknown>, index: number): Owner {
  const label = Array.isArray(labels) ? labels[index] : undefined;
  const score = Array.isArray(scores) ? scores[index] : undefined;
  return { label: typeof label === 'string' ? label : undefined, score };
}

/** Reads the value of a box key: one box, a list of boxes, boxes as text, or a statement that there is none. */
function readBoxesIn(value: unknown): RawBox['box'][] {
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

/** Requires exactly four numbers: points, polygons and 3D boxes have similar shapes. */
function fourNumbers(value: readonly unknown[]): TagCoordinates | undefined {
  if (value.length !== 4) return undefined;
  const numbers = value.map((item) => (typeof item === 'string' && item.trim() !== '' ? Number(item) : item));
  return numbers.every((item) => typeof item === 'number' && Number.isFinite(item)) ? (numbers as unknown as TagCoordinates) : undefined;
}

function readId(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : undefined;
}

/** Reads an entry of `absent`: a number, a label, or an object with them. */
function readAbsentItem(item: unknown): Owner {
  if (isRecord(item)) return readOwner(item, {});
  const id = readId(item);
  return id === undefined ? { label: typeof item === 'string' ? item : undefined } : { id };
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
