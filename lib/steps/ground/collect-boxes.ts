import { numberGroups, type TagCoordinates } from './native-tags.ts';

/** One box of a reply as it was written: no convention is applied yet. */
export interface RawBox {
  /** As the model gave it, if it did: the number of the expression, and its words. */
  readonly id?: number;
  readonly label?: string;
  readonly score?: unknown;
  /** `absent`: the model says that there is nothing to box. `unreadable`: anything but four numbers. */
  readonly box: TagCoordinates | 'absent' | 'unreadable';
  /** Which of the reply's blocks it stands in: some models repeat their answer. */
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
/** Keys around lists of boxes; any other key there is a label. */
const STRUCTURE = /^(?:boxes|results?|objects?|detections?|items|data|annotations?|answers?|output|expressions?|instances|descriptions?)$/i;
const CORNERS = ['x_min', 'y_min', 'x_max', 'y_max'];

/** Deeper than any answer: a model that opens brackets in circles. */
const MAX_DEPTH = 50;

/** What is found in the values of a reply is added to. */
export interface Collection {
  /** The family's own key, to go before others. */
  readonly key: string | undefined;
  readonly block: number;
  readonly boxes: RawBox[];
  /** Words about expressions that have no box, by their number. */
  readonly notes: Map<number, string>;
}

/** What is known of a box from what stands around it. */
type Owner = Pick<RawBox, 'id' | 'label' | 'score'>;

/** Finds all boxes in a value of a reply, whatever lists and objects are around them. */
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
  else for (const [index, box] of readBoxesIn(object[key]).entries()) boxes.push({ ...owner, ...parallel(object, index), box, block });
}

/** One entry of an object that is no box itself: what its key means decides. */
function collectEntry([name, value]: [string, unknown], into: Collection, owner: Owner, depth: number): void {
  const { block, boxes, notes } = into;
  if (name === 'absent') for (const item of Array.isArray(value) ? value : []) boxes.push({ ...named(item), box: 'absent', block });
  else if (name === 'notes' && isRecord(value)) for (const [id, note] of Object.entries(value)) notes.set(Number(id), String(note));
  else if (STRUCTURE.test(name)) collectBoxes(value, into, owner, depth + 1);
  else if (Array.isArray(value) && value.length === 0) boxes.push({ ...owner, label: name, box: 'absent', block });
  else collectBoxes(value, into, { ...owner, label: name }, depth + 1);
}

/** `{"boxes": [{"box_2d": …}, …]}`: here `boxes` is no box but what holds them, be it none. */
function holdsElements(object: Record<string, unknown>, name: string): boolean {
  const value = object[name];
  if (!Array.isArray(value)) return isRecord(value);
  return value.some(isRecord) || (value.length === 0 && name === 'boxes' && Object.keys(readOwner(object, {})).length === 0);
}

function readOwner(object: Record<string, unknown>, parent: Owner): Owner {
  const label = LABEL_KEYS.map((name) => object[name]).find((value) => typeof value === 'string');
  const score = SCORE_KEYS.map((name) => object[name]).find((value) => value !== undefined && value !== null);
  const id = readId(object.id);
  return { ...parent, ...(id !== undefined && { id }), ...(typeof label === 'string' && { label }), ...(score !== undefined && { score }) };
}

/** Lists beside a list of boxes: `{"bboxes": […], "labels": […], "scores": […]}`. */
function parallel({ labels, scores }: Record<string, unknown>, index: number): Owner {
  const label = Array.isArray(labels) ? labels[index] : undefined;
  const score = Array.isArray(scores) ? scores[index] : undefined;
  return { ...(typeof label === 'string' && { label }), ...(score !== undefined && { score }) };
}

/** The boxes below a box key: one, a list of them, their text, or word that there is none. */
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

/** Exactly four: points, polygons and 3D boxes come in the same shapes. */
function fourNumbers(value: readonly unknown[]): TagCoordinates | undefined {
  if (value.length !== 4) return undefined;
  const numbers = value.map((item) => (typeof item === 'string' && item.trim() !== '' ? Number(item) : item));
  return numbers.every((item) => typeof item === 'number' && Number.isFinite(item)) ? (numbers as unknown as TagCoordinates) : undefined;
}

function readId(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : undefined;
}

/** An entry of `absent`: a number, words, or an object with them. */
function named(item: unknown): Owner {
  if (isRecord(item)) return readOwner(item, {});
  const id = readId(item);
  return id === undefined ? (typeof item === 'string' ? { label: item } : {}) : { id };
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
