import { jsonrepair } from 'jsonrepair';
import { parseJson } from '#core/json.ts';

/** One JSON value of a reply, or what could be saved of a broken one. */
export interface JsonBlock {
  /** The whole value, or the innermost objects of a broken one. */
  readonly values: readonly unknown[];
  /** Nothing of it is missing: it was closed, and every element could be read. */
  readonly complete: boolean;
  /** It was no JSON as it stood. */
  readonly repaired: boolean;
  /** Single objects that follow each other are one block: a list without its brackets. */
  readonly single: boolean;
}

/** What a model wrote, without its thoughts. A closing tag without an opening one ends them too: some servers send the opening one with the prompt. */
export function withoutThoughts(reply: string): string {
  const end = reply.lastIndexOf('</think>');
  const text = end < 0 ? reply : reply.slice(end + '</think>'.length);
  return text.replace(/<think>[\s\S]*$/, '');
}

/** The JSON values in a reply, in order, whatever stands around them. Where one is broken, all complete elements: one bad element never loses its neighbours. */
export function readJsonBlocks(text: string): JsonBlock[] {
  const bare = text.trim();
  const whole = parse(bare);
  if (whole) return [composeBlock(whole)];
  const found = [...segments(bare)];
  const values = found.map(({ text: segment, closed }) => (closed ? parse(segment) : undefined));
  const isBroken = found.some(({ text: segment, closed }, index) => !values[index] && (!closed || /["':]/.test(segment)));
  // A brace outside of all of them: an odd quote hides the rest.
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

/** Every object without objects inside, read on its own: quotes and brackets gone wrong in one do not reach the next. */
function salvage(text: string): { elements: object[]; isComplete: boolean } {
  const elements: object[] = [];
  for (const [element] of text.matchAll(/\{[^{}]*\}/g)) {
    const value = parse(element) ?? repair(element);
    if (value) elements.push(value);
  }
  // All braces are those of elements, or of one object around them.
  const opened = bracesIn(text);
  return { elements, isComplete: opened === text.split('}').length - 1 && opened - elements.length <= 1 };
}

const bracesIn = (text: string) => text.split('{').length - 1;

/** Comments, Python literals, single quotes, trailing commas, bare keys. Only for what was closed: a repaired end would be invented. */
function repair(element: string): object | undefined {
  try {
    return parse(jsonrepair(element.replace(APOSTROPHE, '’')));
  } catch {
    return undefined;
  }
}

/** Would end a string in single quotes. */
const APOSTROPHE = /(?<=\p{L})'(?=\p{L})/gu;

function parse(text: string): object | undefined {
  const first = text.charCodeAt(0);
  return first === 0x7b || first === 0x5b ? (parseJson(text) as object | undefined) : undefined;
}
