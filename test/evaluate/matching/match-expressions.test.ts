import { describe, expect, it } from 'vitest';
import { matchExpressions } from '#evaluate/matching/match-expressions.ts';
import { resultRecord } from '#results/result-record.ts';
import { recordLine, type ToyRecord } from '../evaluated-results.ts';

function matched(toy: Omit<ToyRecord, 'image' | 'extracted'>, ...texts: string[]) {
  const record = resultRecord(JSON.parse(recordLine({ image: 'a.jpg', extracted: true, ...toy })), 1);
  if (typeof record === 'string') throw new Error(record);
  const truth = { image_path: 'a.jpg', caption: toy.caption, expressions: texts.map((text) => ({ text, boxes: [] })) };
  return matchExpressions(record, truth, 'end-to-end').results.map((one) => one && [one.text, ...(one.span ?? [])]);
}

describe('matching extracted expressions with a truth without spans', () => {
  it('looks for them as words, not inside other words', () => {
    const caption = 'A woman and a man';

    expect(matched({ caption, expressions: [{ text: 'man', span: [14, 17] }] }, 'man')).toEqual([['man', 14, 17]]);
    expect(matched({ caption, expressions: [{ text: 'woman' }] }, 'man')).toEqual([undefined]);
  });

  it('gives equal ones successive places', () => {
    const expressions = [
      { text: 'dog', span: [18, 21] as const },
      { text: 'dog', span: [2, 5] as const },
    ];

    expect(matched({ caption: 'a dog and another dog', expressions }, 'dog', 'dog', 'dog')).toEqual([
      ['dog', 2, 5],
      ['dog', 18, 21],
      undefined,
    ]);
  });
});
