/** Half-open, in Unicode code points. */
export type Span = readonly [number, number];

interface Word {
  readonly text: string;
  readonly span: Span;
}

const WORD = /[\p{L}\p{N}\p{M}]+/gu;

/**
 * Carries spans of a cleaned caption over to the caption it was made from: words are aligned by their longest common subsequence,
 * and a span becomes the stretch from its first aligned word to its last. `undefined` for a span none of whose words is in the original.
 */
export function alignCaptions(cleaned: string, original: string): (span: Span) => Span | undefined {
  if (cleaned === original) return (span) => span;
  const from = words(cleaned);
  const to = words(original);
  const partners = commonSubsequence(
    from.map(({ text }) => text),
    to.map(({ text }) => text),
  );
  return ([start, end]) => {
    let first: Word | undefined;
    let last: Word | undefined;
    for (const [index, { span }] of from.entries()) {
      if (span[0] >= end || span[1] <= start) continue;
      const partner = to[partners[index] ?? -1];
      first ??= partner;
      last = partner ?? last;
    }
    return first && last ? [first.span[0], last.span[1]] : undefined;
  };
}

/** Overlap of two spans, in [0,1]. */
export function spanIou(a: Span, b: Span): number {
  const shared = Math.min(a[1], b[1]) - Math.max(a[0], b[0]);
  return shared <= 0 ? 0 : shared / (a[1] - a[0] + b[1] - b[0] - shared);
}

function words(caption: string): Word[] {
  const found: Word[] = [];
  let at = 0;
  let points = 0;
  for (const { 0: word, index } of caption.matchAll(WORD)) {
    points += codePoints(caption.slice(at, index));
    const length = codePoints(word);
    found.push({ text: word.normalize('NFC').toLowerCase(), span: [points, points + length] });
    points += length;
    at = index + word.length;
  }
  return found;
}

/** Length as Python counts it. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** For each item of `a` the place of its partner in `b`, -1 without one. Equal beginnings and ends are taken off first, so that near-equal captions cost little. */
function commonSubsequence(a: readonly string[], b: readonly string[]): number[] {
  const partners = a.map(() => -1);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) {
    partners[start] = start;
    start++;
  }
  let aEnd = a.length;
  let bEnd = b.length;
  while (aEnd > start && bEnd > start && a[aEnd - 1] === b[bEnd - 1]) partners[--aEnd] = --bEnd;

  const width = bEnd - start + 1;
  const lengths = new Uint32Array((aEnd - start + 1) * width);
  const at = (i: number, j: number) => lengths[(i - start) * width + j - start] ?? 0;
  for (let i = aEnd - 1; i >= start; i--)
    for (let j = bEnd - 1; j >= start; j--)
      lengths[(i - start) * width + j - start] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  for (let i = start, j = start; i < aEnd && j < bEnd; )
    if (a[i] === b[j]) partners[i++] = j++;
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  return partners;
}
