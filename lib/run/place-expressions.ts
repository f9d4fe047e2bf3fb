import type { GivenExpression } from '#core/sample.ts';

/** An expression as it was given: a wrong span or none is no reason to lose it. */
export interface UnplacedExpression {
  readonly text: string;
  readonly span?: readonly [number, number];
  readonly nounChunk?: string;
  readonly expressionId?: string;
}

export interface Placed {
  readonly expressions: readonly GivenExpression[];
  /** Texts that are nowhere in the caption, or only where an equal one was placed already. */
  readonly unplaced: readonly string[];
}

/**
 * Finds where each expression stands in a caption: at the span it came with if that cuts out its text, else at the next free exact
 * occurrence, else at one that differs only in case, white space or quotes (the text becomes what stands there). Spans count code points.
 */
export function placeExpressions(caption: string, given: readonly UnplacedExpression[]): Placed {
  const points = [...caption];
  const taken = new Set<string>();
  const expressions: GivenExpression[] = [];
  const unplaced: string[] = [];
  for (const one of given) {
    const span = [ownSpan(one, points), exactSpans(one.text, caption), loosely(one.text, caption)]
      .flat()
      .find((candidate) => !taken.has(candidate.join()));
    if (span === undefined) {
      unplaced.push(one.text);
      continue;
    }
    taken.add(span.join());
    const text = points.slice(...span).join('');
    const id = one.expressionId === undefined ? {} : { expression_id: one.expressionId };
    expressions.push({ text, char_span: span, noun_chunk: one.nounChunk ?? lastWord(text), ...id });
  }
  return { expressions, unplaced };
}

type Span = readonly [number, number];

function ownSpan({ text, span }: UnplacedExpression, points: readonly string[]): Span[] {
  return span && span[0] >= 0 && points.slice(...span).join('') === text ? [span] : [];
}

function exactSpans(text: string, caption: string): Span[] {
  const spans: Span[] = [];
  for (let at = caption.indexOf(text); at >= 0; at = caption.indexOf(text, at + text.length)) spans.push(spanAt(caption, at, text));
  return spans;
}

function loosely(text: string, caption: string): Span[] {
  const pattern = text
    .trim()
    .replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
    .replace(/\s+/g, '\\s+')
    .replace(/['‘’`´]/g, "['‘’`´]")
    .replace(/["“”«»]/g, '["“”«»]');
  return pattern === '' ? [] : [...caption.matchAll(new RegExp(pattern, 'giu'))].map((match) => spanAt(caption, match.index, match[0]));
}

function spanAt(caption: string, index: number, text: string): Span {
  const start = codePoints(caption.slice(0, index));
  return [start, start + codePoints(text)];
}

const codePoints = (text: string) => [...text].length;

/** What TAO takes for the core noun where none is given. */
const lastWord = (text: string) => text.trim().split(/\s+/).at(-1) ?? text;
