import { describe, expect, it } from 'vitest';
import { alignCaptions, spanIou } from '#evaluate/matching/align-captions.ts';

function carried(cleaned: string, original: string, phrase: string): string | undefined {
  const start = [...cleaned.slice(0, cleaned.indexOf(phrase))].length;
  const span = alignCaptions(cleaned, original)([start, start + [...phrase].length]);
  return span && [...original].slice(...span).join('');
}

describe('alignCaptions', () => {
  it('finds a phrase behind fillers that cleaning took out', () => {
    expect(carried('A red car near a tree.', 'um we can see a red car near a tree', 'red car')).toBe('red car');
  });

  it('keeps repeated words apart by their order', () => {
    const original = 'so there is a dog and uh another dog there';

    const second = alignCaptions('A dog and another dog.', original)([18, 21]);

    expect(second && original.slice(...second)).toBe('dog');
    expect(second?.[0]).toBe(original.lastIndexOf('dog'));
  });

  it('spans words that cleaning dropped inside a phrase', () => {
    expect(carried('A red car.', 'a red uh car', 'red car')).toBe('red uh car');
  });

  it('counts code points, as Python does', () => {
    expect(carried('🚗🚗 a red car', 'oh 🚗🚗 look a red car', 'red car')).toBe('red car');
  });

  it('aligns scripts without spaces character by character', () => {
    expect(carried('一只黑猫坐在红色沙发上。', '一只黑猫坐在红色沙发上', '红色沙发')).toBe('红色沙发');
    expect(carried('黒い猫がソファーに座る。', 'えーと黒い猫がソファーに座る', 'ソファー')).toBe('ソファー');
    expect(carried('แมวดำนั่งบนโซฟา.', 'เอ่อ แมวดำนั่งบนโซฟา', 'แมวดำ')).toBe('แมวดำ');
    expect(carried('Ein 红色沙发 und ein Hund.', 'äh ein 红色沙发 und ein Hund', 'Hund')).toBe('Hund');
  });

  it('aligns signs that are no words, with an emoji of several parts as one sign', () => {
    expect(carried('A 🐶 and a cat.', 'um a 🐶 and a cat', '🐶')).toBe('🐶');
    expect(carried('A 👩‍👩‍👧 and a ❤️.', 'um a 👩‍👩‍👧 and a ❤️', '👩‍👩‍👧')).toBe('👩‍👩‍👧');
    expect(carried('A 👩 here.', 'a 👩‍👩‍👧 here', '👩')).toBeUndefined();
  });

  it('covers no more of a word than the span does', () => {
    expect(carried('남자가 개를 본다.', '음 남자가 개를 본다', '남자')).toBe('남자');
    expect(carried('A seaside house.', 'um a seaside house', 'side house')).toBe('side house');
    expect(carried('A cafe\u0301 here.', 'um a café here', 'cafe\u0301')).toBe('café');
  });

  it('has no span for words that are missing from the original', () => {
    expect(carried('A red automobile.', 'a car in red', 'automobile')).toBeUndefined();
  });

  it('leaves spans of an equal caption alone', () => {
    expect(alignCaptions('a cat', 'a cat')([2, 5])).toEqual([2, 5]);
  });
});

describe('spanIou', () => {
  it('is the shared part of both', () => {
    expect(spanIou([0, 10], [5, 15])).toBe(5 / 15);
    expect(spanIou([0, 5], [5, 10])).toBe(0);
    expect(spanIou([2, 9], [2, 9])).toBe(1);
  });
});
