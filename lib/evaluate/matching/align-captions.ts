import { unpartedScripts } from '#core/text/char-span.ts';

/** Half-open, in Unicode code points. */
export type AlignedSpan = readonly [number, number];

interface Token {
  readonly text: string;
  readonly span: AlignedSpan;
}

/**
 * A word, a character of a script without spaces between words, an emoji of one or several parts, or any other character.
 * Not `Intl.Segmenter`, whose words depend on the dictionaries that Node was built with.
 */
const TOKEN = new RegExp(
  String.raw`[${unpartedScripts}]\p{M}*|[[\p{L}\p{N}\p{M}]--[${unpartedScripts}]]+|\p{RGI_Emoji}\p{M}*|\S\p{M}*`,
  'gv',
);

/**
 * Maps spans of a cleaned caption to its original caption. Words are aligned by their longest common subsequence,
 * and a span maps to the range from its first aligned word to its last. `undefined` for a span without an aligned word.
 */
export function alignCaptions(cleaned: string, original: string): (span: AlignedSpan) => AlignedSpan | undefined {
  if (cleaned === original) return (span) => span;
  const from = tokens(cleaned);
  const to = tokens(original);
  const partners = commonSubsequence(
    from.map(({ text }) => text),
    to.map(({ text }) => text),
  );
  return (span) => {
    let first: AlignedSpan | undefined;
    let last: AlignedSpan | undefined;
    for (const [index, token] of from.entries()) {
      if (token.span[0] >= span[1] || token.span[1] <= span[0]) continue;
      const partner = to[partners[index] ?? -1];
      const mapped = partner && mapPart(span, token.span, partner.span);
      first ??= mapped;
      last = mapped ?? last;
    }
    return first && last ? [first[0], last[1]] : undefined;
  };
}

/** The part of a token's partner that a span covers; all of it for equal tokens in another spelling. */
function mapPart([start, end]: AlignedSpan, token: AlignedSpan, partner: AlignedSpan): AlignedSpan {
  if (token[1] - token[0] !== partner[1] - partner[0]) return partner;
  return [partner[0] + Math.max(0, start - token[0]), partner[1] - Math.max(0, token[1] - end)];
}

/** Overlap of two spans, in [0,1]. */
export function spanIou(a: AlignedSpan, b: AlignedSpan): number {
  const shared = Math.min(a[1], b[1]) - Math.max(a[0], b[0]);
  return shared <= 0 ? 0 : shared / (a[1] - a[0] + b[1] - b[0] - shared);
}

function tokens(caption: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  let points = 0;
  for (const { 0: token, index } of caption.matchAll(TOKEN)) {
    points += countPoints(caption.slice(at, index));
    const length = countPoints(token);
    found.push({ text: token.normalize('NFC').toLowerCase(), span: [points, points + length] });
    points += length;
    at = index + token.length;
  }
  return found;
}

/** The length in code points, as in Python. */
function countPoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** For each item of `a` the index of its partner in `b`, -1 without one. Equal beginnings and ends are skipped first for speed. */
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
