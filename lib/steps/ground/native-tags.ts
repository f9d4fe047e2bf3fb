export type TagCoordinates = readonly [number, number, number, number];

/** A box in the tags of a model family, with its label. */
export interface TaggedBox {
  readonly label?: string | undefined;
  readonly box: TagCoordinates | 'absent' | 'unreadable';
}

/** InternVL, Qwen-VL and DeepSeek-VL: `<ref>…</ref><box>…`, `<|object_ref_start|>…<|box_start|>…`, `<|ref|>…<|det|>…`. Closing tags are often missing. */
const LABEL = String.raw`<(?:ref|\|ref\||\|object_ref_start\|)>([^<]*)`;
/** GLM-V writes most boxes as JSON between its tags; this pattern reads the others. */
const BOX = String.raw`<(?:box>|\|det\|>|\|box_start\|>|\|begin_of_box\|>(?=\s*[(\d]))([^<{}]*)`;
/** PaliGemma: four grid positions, then the label. Florence-2: the label, then the positions. */
const LOCATIONS = String.raw`((?:<loc_?\d+>)+)([^<;]*)`;
const TAGS = new RegExp([LABEL, BOX, LOCATIONS].join('|'), 'g');

/** Reads the boxes of a reply in tags; returns none for any other reply. */
export function readTags(text: string): TaggedBox[] {
  const boxes: TaggedBox[] = [];
  let label: string | undefined;
  // Florence-2 writes the label before its positions.
  let before = /^\s*([^<\s][^<]*)<loc/.exec(text)?.[1]?.trim();
  const isLabelFirst = before !== undefined;
  for (const [, ref, box, places, words] of text.matchAll(TAGS)) {
    if (ref !== undefined) label = ref.trim();
    else if (box !== undefined) for (const one of readBoxContent(box)) boxes.push({ label: label || undefined, box: one });
    else if (places !== undefined) {
      const numbers = [...places.matchAll(/\d+/g)].map(([digits]) => Number(digits));
      const own = (isLabelFirst ? before : words?.trim()) || label;
      before = words?.trim();
      for (const box of splitIntoFours(numbers)) boxes.push({ label: own || undefined, box });
    }
  }
  return boxes;
}

/** Florence-2 writes the positions of several boxes in a row. */
function splitIntoFours(numbers: readonly number[]): TaggedBox['box'][] {
  if (numbers.length % 4 !== 0) return ['unreadable'];
  return Array.from({ length: numbers.length / 4 }, (_, index) => numbers.slice(4 * index, 4 * index + 4) as unknown as TagCoordinates);
}

function readBoxContent(content: string): TaggedBox['box'][] {
  if (/^[\s[\]()]*(?:none|null)?[\s[\]()]*$/i.test(content)) return ['absent'];
  const groups = numberGroups(content);
  return groups.length > 0 ? groups : ['unreadable'];
}

/** Reads boxes in brackets of any kind, `[a,b,c,d]` or `(x,y),(x,y)`. A box without its closing bracket does not count. */
export function numberGroups(content: string): (TagCoordinates | 'unreadable')[] {
  const groups: (TagCoordinates | 'unreadable')[] = [];
  let point: number[] | undefined;
  const bracketed = /[[(]/.test(content) ? [...content.matchAll(/[[(]([^[\]()]*)[\])]/g)].map(([, inner]) => inner ?? '') : [content];
  for (const inner of bracketed) {
    const numbers = inner
      .trim()
      .split(/[\s,]+/)
      .map(Number);
    if (numbers.length === 4 && numbers.every(Number.isFinite)) groups.push(numbers as unknown as TagCoordinates);
    else if (numbers.length === 2 && numbers.every(Number.isFinite)) {
      if (point) groups.push([...point, ...numbers] as unknown as TagCoordinates);
      point = point ? undefined : numbers;
    } else groups.push('unreadable');
  }
  return groups;
}
