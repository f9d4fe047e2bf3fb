/** A run of caption characters covered by the same phrases, outermost phrase first. */
export interface Segment {
  readonly text: string;
  readonly phrases: readonly number[];
}

/**
 * Cuts a caption at every start and end of a phrase, so that nested and overlapping phrases can be marked.
 * Spans are half-open and count Unicode code points; a span outside the caption, or without extent, marks nothing.
 */
export function splitSegments(caption: string, spans: readonly (readonly [number, number])[]): Segment[] {
  const characters = [...caption];
  const valid = spans
    .map(([start, end], phrase) => ({ start, end, phrase }))
    .filter(({ start, end }) => start >= 0 && start < end && end <= characters.length);
  const outermostFirst = valid.toSorted((a, b) => b.end - b.start - (a.end - a.start) || a.phrase - b.phrase);
  const cuts = [...new Set([0, ...valid.flatMap(({ start, end }) => [start, end]), characters.length])].sort((a, b) => a - b);
  return cuts.slice(0, -1).map((from, index) => {
    const to = cuts[index + 1] ?? characters.length;
    return {
      text: characters.slice(from, to).join(''),
      phrases: outermostFirst.filter(({ start, end }) => start <= from && to <= end).map(({ phrase }) => phrase),
    };
  });
}
