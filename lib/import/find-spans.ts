import { placePhrases } from '#core/text/char-span.ts';
import type { CaptionSpan } from './imported-sample.ts';

/** The slice that Python's `caption[start:end]` returns, for spans in code points. */
export function createSlicer(caption: string): (span: CaptionSpan) => string | undefined {
  const points = Array.from(caption);
  return ([start, end]) => (start >= 0 && start < end && end <= points.length ? points.slice(start, end).join('') : undefined);
}

export function codePointLength(text: string): number {
  return Array.from(text).length;
}

/** The places of phrases in a caption, by the rules of a run: "car" is not that of "red car" if it has a place of its own. Equal phrases share one place. */
export function findSpans(caption: string, phrases: Iterable<string>): ReadonlyMap<string, CaptionSpan> {
  const texts = [...new Set(phrases)];
  const together = placePhrases(
    caption,
    texts.map((text) => ({ text })),
  );
  const spans = new Map<string, CaptionSpan>();
  for (const [index, text] of texts.entries()) {
    // "Car" and "car" are equal if the caption has the words once
    const place = together[index] === 'repeated' ? placePhrases(caption, [{ text }])[0] : together[index];
    if (typeof place === 'object') spans.set(text, place.charSpan);
  }
  return spans;
}

/** A caption that lists phrases, `a. b.`, with their places. */
export function listCaption(phrases: readonly string[]): { caption: string; spans: CaptionSpan[] } {
  let at = 0;
  const spans = phrases.map((phrase): CaptionSpan => {
    const start = at;
    at += codePointLength(phrase) + 2;
    return [start, at - 2];
  });
  return { caption: phrases.map((phrase) => `${phrase}.`).join(' '), spans };
}
