import { describe, expect, test } from 'vitest';
import type { Box } from '#core/box.ts';
import { answerExpressions } from '#models/builtin/answer-expressions.ts';
import { type Detection, withoutRepeats } from '#models/builtin/detection.ts';

const detection = (className: string, score: number, left: number): Detection => ({ className, score, box: [left, 10, left + 50, 90] });
const asked = (...texts: string[]) => texts.map((text, index) => ({ id: index + 1, text, nounChunk: text.split(' ').at(-1) ?? '' }));
const leftsOf = (id: number, { boxes }: ReturnType<typeof answerExpressions>) =>
  boxes.filter((box) => box.id === id).map(({ bbox }) => bbox[0]);

const cats = [detection('cat', 0.9, 0), detection('cat', 0.8, 100), detection('cat', 0.4, 200)];

describe('answering expressions from detections', () => {
  test('a singular gets the surest thing of its class', () => {
    const answer = answerExpressions(asked('cat'), cats, 10);

    expect(answer.boxes).toEqual([{ bbox: [0, 10, 50, 90], label: 'cat', id: 1, score: 0.9 }]);
    expect(answer.absent).toEqual([]);
  });

  test('repeats get different things, then a reason when none remain', () => {
    const answer = answerExpressions(asked('cat', 'cat', 'white cat', 'cat'), cats, 10);

    expect([1, 2, 3].map((id) => leftsOf(id, answer))).toEqual([[0], [100], [200]]);
    expect(answer.absent).toEqual([4]);
    expect(answer.notes).toEqual({ 4: 'no further cat found' });
  });

  test('a plural gets all confident boxes, a singular next to it another one', () => {
    expect(leftsOf(1, answerExpressions(asked('cats'), cats, 10))).toEqual([0, 100]);
    const both = answerExpressions(asked('other cats', 'cat'), cats, 10);
    expect([1, 2].map((id) => leftsOf(id, both))).toEqual([[100], [0]]);
  });

  test('no more than the phrase counts or the settings allow', () => {
    const many = Array.from({ length: 5 }, (_, index) => detection('dog', 0.9 - index / 100, index * 60));

    expect(leftsOf(1, answerExpressions(asked('two dogs'), many, 10))).toHaveLength(2);
    expect(leftsOf(1, answerExpressions(asked('dogs'), many, 3))).toHaveLength(3);
  });

  test('missing things and unknown classes are absent, each with its reason', () => {
    const answer = answerExpressions(asked('dog', 'brick wall'), cats, 10);

    expect(answer.absent).toEqual([1, 2]);
    expect(answer.notes).toEqual({ 1: 'no dog found', 2: '"wall" is not one of the 80 classes that the demonstration detector knows' });
  });

  test('boxes of one thing count once', () => {
    const box: Box = [0, 0, 100, 100];
    const twice = [
      { className: 'cat', score: 0.5, box: [5, 5, 100, 100] as Box },
      { className: 'cat', score: 0.9, box },
      { className: 'dog', score: 0.6, box },
    ];

    expect(withoutRepeats(twice).map(({ className, score }) => `${className} ${score}`)).toEqual(['cat 0.9', 'dog 0.6']);
  });
});
