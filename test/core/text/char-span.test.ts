import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placePhrases } from '#core/text/char-span.ts';

const place = (caption: string, ...texts: string[]) =>
  placePhrases(
    caption,
    texts.map((text) => ({ text })),
  ).map((placed) => (typeof placed === 'string' ? placed : [placed.text, ...placed.charSpan]));

/** What Python does with a span. */
const slice = (caption: string, [start, end]: readonly [number, number]) => [...caption].slice(start, end).join('');

describe('placing phrases in a caption', () => {
  it('counts code points, not UTF-16 units', () => {
    expect(place('🚗🚗 red car', 'red car')).toEqual([['red car', 3, 10]]);
    expect(place('両側に𠮷野家の看板と赤い車', '看板', '赤い車')).toEqual([
      ['看板', 7, 9],
      ['赤い車', 10, 13],
    ]);
  });

  it('gives repeats successive places, whatever their case', () => {
    expect(place('A man meets a man and a man.', 'a man', 'a man', 'a man', 'a man')).toEqual([
      ['A man', 0, 5],
      ['a man', 12, 17],
      ['a man', 22, 27],
      'repeated',
    ]);
  });

  it("uses the caption's own text when only case, white space, quotes or Unicode form differ", () => {
    expect(place('The “STOP”\u00a0 sign of the cafe\u0301', 'the "stop" sign', 'CAFÉ')).toEqual([
      ['The “STOP”\u00a0 sign', 0, 16],
      ['cafe\u0301', 24, 29],
    ]);
    expect(place('Die STRASSE', 'Straße')).toEqual([['STRASSE', 4, 11]]);
  });

  it('prefers what stands there to the letter', () => {
    expect(place('The Bill pays the bill', 'bill')).toEqual([['bill', 18, 22]]);
  });

  it('keeps nested phrases', () => {
    expect(place('man in a black coat', 'man in a black coat', 'black coat')).toEqual([
      ['man in a black coat', 0, 19],
      ['black coat', 9, 19],
    ]);
  });

  it('prefers words of their own to words inside a longer phrase, in whatever order they are named', () => {
    expect(place('A red car near a car', 'red car', 'car')).toEqual([
      ['red car', 2, 9],
      ['car', 17, 20],
    ]);
    expect(place('A red car near a car', 'car', 'red car')[0]).toEqual(['car', 17, 20]);
  });

  it('prefers complete words, but uses a part of a word if there is nothing else', () => {
    expect(place('a scarf in the Car', 'car')).toEqual([['Car', 15, 18]]);
    expect(place('남자가 있다', '남자')).toEqual([['남자', 0, 2]]);
  });

  it('never cuts through what readers see as one character', () => {
    expect(place('👩‍👩‍👧 and 👩', '👩')).toEqual([['👩', 10, 11]]);
    expect(place('cafe\u0301', 'cafe')).toEqual(['absent']);
    expect(place('👩‍👩‍👧', '👩')).toEqual(['absent']);
  });

  it('does not find a missing phrase, nor an empty one', () => {
    expect(place('a red car', 'blue car', '', '  ')).toEqual(['absent', 'absent', 'absent']);
  });

  it('keeps a span that covers the phrase, and corrects another one', () => {
    const placed = placePhrases('🚗 a hat, a hat', [
      { text: 'a hat', span: [9, 14] },
      { text: 'a hat', span: [0, 5] },
      { text: 'a hat', span: [9, 14] },
      { text: 'hat', span: [90, 93] },
    ]);

    expect(placed.map((one) => (typeof one === 'string' ? one : one.charSpan))).toEqual([[9, 14], [2, 7], 'repeated', [4, 7]]);
  });

  const alphabet = fc.constantFrom('a', 'b', 'A', ' ', '\t', "'", '’', 'é', 'e\u0301', '车', '🚗', '👩‍👧', 'ß', '\u0301');
  const text = (maxLength: number) => fc.array(alphabet, { maxLength }).map((parts) => parts.join(''));

  it('always cuts the phrase out of the caption, with no two spans equal', () => {
    fc.assert(
      fc.property(text(20), fc.array(text(4), { maxLength: 6 }), (caption, phrases) => {
        const placed = placePhrases(
          caption,
          phrases.map((phrase) => ({ text: phrase })),
        ).filter((one) => typeof one !== 'string');

        for (const { text: found, charSpan } of placed) expect(slice(caption, charSpan)).toBe(found);
        expect(new Set(placed.map(({ charSpan }) => charSpan.join())).size).toBe(placed.length);
      }),
      { numRuns: 3000 },
    );
  });

  it('finds a phrase exactly when a naive search over all pieces of the caption does', () => {
    const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
    const alike = (phrase: string) => phrase.trim().normalize('NFC').toUpperCase().toLowerCase().replace(/\s+/g, ' ').replace(/[’]/g, "'");
    fc.assert(
      fc.property(text(12), text(4), (caption, phrase) => {
        const cuts = [...graphemes.segment(caption)].map(({ index }) => index).concat(caption.length);
        const pieces = cuts.flatMap((start) => cuts.filter((end) => end > start).map((end) => caption.slice(start, end)));
        const isThere = phrase.trim() !== '' && pieces.some((piece) => piece === piece.trim() && alike(piece) === alike(phrase));

        const [placed] = placePhrases(caption, [{ text: phrase }]);

        expect(placed === 'absent').toBe(!isThere);
        if (typeof placed === 'object') expect(alike(placed.text)).toBe(alike(phrase));
      }),
      { numRuns: 3000 },
    );
  });

  it('gives the k-th of equal phrases the k-th place where all are free', () => {
    fc.assert(
      fc.property(fc.constantFrom('dog', '车', '🐕 x'), fc.integer({ min: 1, max: 5 }), (word, times) => {
        const caption = Array.from({ length: times }, () => word).join(' 🚗, ');
        const placed = placePhrases(
          caption,
          Array.from({ length: times + 1 }, () => ({ text: word })),
        );

        const step = [...`${word} 🚗, `].length;
        expect(placed.map((one) => (typeof one === 'string' ? one : one.charSpan[0]))).toEqual([
          ...Array.from({ length: times }, (_, k) => k * step),
          'repeated',
        ]);
      }),
    );
  });
});
