import { jsonrepair } from 'jsonrepair';
import { parseJson } from '#core/json.ts';

/** One JSON value of a reply, or the readable parts of a broken one. */
export interface JsonBlock {
  /** The value itself, or the innermost objects of a broken one. */
  readonly values: readonly unknown[];
  /** The value was closed, and every element was readable. */
  readonly complete: boolean;
  /** The text was no valid JSON. */
  readonly repaired: boolean;
  /** The value is an object. Several objects in a row are one block: a list without its brackets. */
  readonly single: boolean;
}

/** Removes the reasoning from a reply. A closing tag without an opening one ends it too: some servers send the opening tag with the prompt. */
export function withoutThoughts(reply: string): string {
  const end = reply.lastIndexOf('</think>');
  const text = end < 0 ? reply : reply.slice(end + '</think>'.length);
  return text.replace(/<think>[\s\S]*$/, '');
}

/** Finds the JSON values in a reply, in order, and ignores the text around them. In a broken value, every complete element is kept. */
export function readJsonBlocks(text: string): JsonBlock[] {
  const bare = text.trim();
  const value = parse(bare);
  if (value) return [composeBlock(value)];
  const found = [...segments(bare)];
  const values = found.map(({ text: segment, closed }) => (closed ? parse(segment) : undefined));
  const isBroken = found.some(({ text: segment, closed }, index) => !values[index] && (!closed || /["':]/.test(segment)));
  // A brace outside of all segments: an unbalanced quote hides the rest.
  const hidden = bracesIn(bare) > found.reduce((sum, { text: segment }) => sum + bracesIn(segment), 0);
  if (found.length > 0 && !isBroken && !hidden) return values.flatMap((value) => (value ? [composeBlock(value)] : []));
  const { elements, isComplete } = salvage(bare);
  if (elements.length === 0 && found.length === 0) return [];
  return [{ values: elements, complete: isComplete && found.every(({ closed }) => closed), repaired: true, single: false }];
}

const composeBlock = (value: object): JsonBlock => ({ values: [value], complete: true, repaired: false, single: !Array.isArray(value) });

/** From each outermost bracket to the one that closes it, or to the end of the text. Brackets in double quotes do not count. */
function* segments(text: string): Generator<{ text: string; closed: boolean }> {
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\\n]|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') {
      if (depth === 0) start = index;
      depth += 1;
    } else if ((token === ']' || token === '}') && depth > 0) {
      depth -= 1;
      if (depth === 0) yield { text: text.slice(start, index + 1), closed: true };
    }
  }
  if (depth > 0) yield { text: text.slice(start), closed: false };
}

/** Reads every innermost object by itself, so that a wrong quote or bracket in one does not affect the next. */
function salvage(text: string): { elements: object[]; isComplete: boolean } {
  const elements: object[] = [];
  for (const [element] of text.matchAll(/\{[^{}]*\}/g)) {
    const value = parse(element) ?? repair(element);
    if (value) elements.push(value);
  }
  // Every brace belongs to an element, or to one object around them.
  const opened = bracesIn(text);
  return { elements, isComplete: opened === text.split('}').length - 1 && opened - elements.length <= 1 };
}

const bracesIn = (text: string) => text.split('{').length - 1;

/** Repairs comments, Python literals, single quotes, trailing commas and bare keys. Only for closed elements: a repaired end would be invented. */
function repair(element: string): object | undefined {
  try {
    return parse(jsonrepair(element.replace(APOSTROPHE, '’')));
  } catch {
    return undefined;
  }
}

/** An apostrophe inside a word, which would end a string in single quotes. */
const APOSTROPHE = /(?<=\p{L})'(?=\p{L})/gu;

function parse(text: string): object | undefined {
  const first = text.charCodeAt(0);
  return first === 0x7b || first === 0x5b ? (parseJson(text) as object | undefined) : undefined;
}
