type CodePointSpan = readonly [number, number];

/** A span in code points of `text`, converted to UTF-16 units, as in JavaScript. */
export function toUtf16([start, end]: CodePointSpan, text: string): [number, number] {
  const before = countUnits(text, 0, start);
  return [before, before + countUnits(text, start, end)];
}

/** Length in code points, as in Python. */
export function countCodePoints(text: string): number {
  let count = text.length;
  for (let index = 0; index < text.length - 1; index++) if (isPair(text, index)) count--;
  return count;
}

function countUnits(text: string, start: number, end: number): number {
  let unit = 0;
  let from = 0;
  for (let point = 0; point < end && unit < text.length; point++) {
    if (point === start) from = unit;
    unit += isPair(text, unit) ? 2 : 1;
  }
  return start >= end ? 0 : unit - from;
}

function isPair(text: string, index: number): boolean {
  return isBetween(text.charCodeAt(index), 0xd800, 0xdbff) && isBetween(text.charCodeAt(index + 1), 0xdc00, 0xdfff);
}

const isBetween = (unit: number, low: number, high: number) => unit >= low && unit <= high;
