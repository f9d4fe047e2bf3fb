import { jsonrepair } from 'jsonrepair';

/** One JSON value of a reply, or what could be saved of a broken one. */
export interface JsonBlock {
  /** The whole value, or the innermost objects of a broken one. */
  readonly values: readonly unknown[];
  /** Nothing of it is missing: it was closed, and every element could be read. */
  readonly sound: boolean;
  /** Single objects that follow each other are one block: a list without its brackets. */
  readonly lone: boolean;
}

/** What a model wrote, without its thoughts. A closing tag without an opening one ends them too: some servers send the opening one with the prompt. */
export function withoutThoughts(reply: string): string {
  const end = reply.lastIndexOf('</think>');
  const text = end < 0 ? reply : reply.slice(end + '</think>'.length);
  return text.replace(/<think>[\s\S]*$/, '');
}

/** The JSON values in a reply, in order, whatever stands around them. A broken value gives its complete elements: one bad element never loses its neighbours. */
export function readJsonBlocks(text: string): JsonBlock[] {
  const bare = text.trim();
  const whole = parse(bare);
  if (isContainer(whole)) return [{ values: [whole], sound: true, lone: !Array.isArray(whole) }];
  return [...segments(bare)].flatMap(({ text: segment, closed }): JsonBlock[] => {
    const value = closed ? parse(segment) : undefined;
    if (isContainer(value)) return [{ values: [value], sound: true, lone: !Array.isArray(value) }];
    const { elements, broken } = salvage(segment);
    const isJson = elements.length > 0 || /[{:]|\[\s*\[/.test(segment);
    return isJson ? [{ values: elements, sound: closed && broken === 0, lone: false }] : [];
  });
}

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

/** Every object without objects inside, read on its own: quotes and commas gone wrong in one do not reach the next. */
function salvage(segment: string): { elements: unknown[]; broken: number } {
  const elements: unknown[] = [];
  let broken = 0;
  for (const [element] of segment.matchAll(/\{[^{}]*\}/g)) {
    const value = parse(element) ?? repair(element);
    if (isContainer(value)) elements.push(value);
    else broken += 1;
  }
  return { elements, broken };
}

/** Comments, Python literals, single quotes, trailing commas, bare keys. Only for what was closed: a repaired end would be invented. */
function repair(element: string): unknown {
  try {
    return parse(jsonrepair(element.replace(APOSTROPHE, '’')));
  } catch {
    return undefined;
  }
}

/** Would end a string in single quotes. */
const APOSTROPHE = /(?<=\p{L})'(?=\p{L})/gu;

function parse(text: string): unknown {
  const first = text.charCodeAt(0);
  if (first !== 0x7b && first !== 0x5b) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;
