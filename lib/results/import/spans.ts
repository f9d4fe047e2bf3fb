import type { Span } from './imported-sample.ts';

/** What Python's `caption[start:end]` is, for spans that data sets give in code points. */
export function createSlicer(caption: string): (span: Span) => string | undefined {
  const points = Array.from(caption);
  return ([start, end]) => (start >= 0 && start < end && end <= points.length ? points.slice(start, end).join('') : undefined);
}

export function codePointLength(text: string): number {
  return Array.from(text).length;
}

/** Where a phrase stands in a caption, whatever its case. */
export function findSpan(caption: string, phrase: string): Span | undefined {
  const exact = caption.indexOf(phrase);
  const at = exact >= 0 ? exact : caption.toLowerCase().indexOf(phrase.toLowerCase());
  if (at < 0 || phrase === '') return undefined;
  const start = codePointLength(caption.slice(0, at));
  return [start, start + codePointLength(phrase)];
}

/** A caption that lists phrases, `a. b.`, and where each of them stands. */
export function listCaption(phrases: readonly string[]): { caption: string; spans: Span[] } {
  let at = 0;
  const spans = phrases.map((phrase): Span => {
    const start = at;
    at += codePointLength(phrase) + 2;
    return [start, at - 2];
  });
  return { caption: phrases.map((phrase) => `${phrase}.`).join(' '), spans };
}
