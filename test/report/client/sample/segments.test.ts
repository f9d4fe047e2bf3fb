import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitSegments } from '#report/client/sample/segments.ts';

describe('caption segments', () => {
  it('are one plain segment where nothing is marked', () => {
    expect(splitSegments('a cat', [])).toEqual([{ text: 'a cat', phrases: [] }]);
  });

  it('count code points, not UTF-16 units', () => {
    expect(splitSegments('👩‍👩‍👧 a 🎩 hat', [[8, 13]])).toEqual([
      { text: '👩‍👩‍👧 a ', phrases: [] },
      { text: '🎩 hat', phrases: [0] },
    ]);
  });

  it('name the outermost phrase first and the innermost last', () => {
    const segments = splitSegments('man in a red hat', [
      [7, 16],
      [0, 16],
      [13, 16],
    ]);

    expect(segments).toEqual([
      { text: 'man in ', phrases: [1] },
      { text: 'a red ', phrases: [1, 0] },
      { text: 'hat', phrases: [1, 0, 2] },
    ]);
  });

  it('cut phrases that overlap without nesting', () => {
    expect(
      splitSegments('abcdef', [
        [0, 4],
        [2, 6],
      ]),
    ).toEqual([
      { text: 'ab', phrases: [0] },
      { text: 'cd', phrases: [0, 1] },
      { text: 'ef', phrases: [1] },
    ]);
  });

  it('leave out spans that are empty, reversed or outside the caption', () => {
    expect(
      splitSegments('abc', [
        [1, 1],
        [2, 1],
        [-1, 2],
        [1, 9],
      ]),
    ).toEqual([{ text: 'abc', phrases: [] }]);
  });

  it('always add up to the caption, and each phrase to its slice', () => {
    const captionAndSpans = fc.tuple(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 6 }),
    );
    fc.assert(
      fc.property(captionAndSpans, ([caption, spans]) => {
        const segments = splitSegments(caption, spans);
        const characters = [...caption];
        expect(segments.map(({ text }) => text).join('')).toBe(caption);
        for (const [phrase, [start, end]] of spans.entries()) {
          const marked = segments.filter(({ phrases }) => phrases.includes(phrase)).map(({ text }) => text);
          expect(marked.join('')).toBe(start < end && end <= characters.length ? characters.slice(start, end).join('') : '');
        }
      }),
    );
  });
});
