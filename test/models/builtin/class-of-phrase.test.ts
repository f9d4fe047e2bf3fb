import { describe, expect, test } from 'vitest';
import { classOfPhrase } from '#models/builtin/class-of-phrase.ts';
import { classWords } from '#models/builtin/class-words.ts';
import { cocoClasses } from '#models/builtin/coco-classes.ts';

const classOf = (text: string, nounChunk = text.split(' ').at(-1) ?? '') => classOfPhrase(text, nounChunk)?.className;

describe('the class of a phrase', () => {
  test('80 classes are known by their own names, each in its column', () => {
    expect(cocoClasses).toHaveLength(90);
    expect(cocoClasses.filter(Boolean)).toHaveLength(80);
    expect([1, 13, 44, 62, 90].map((id) => cocoClasses[id - 1])).toEqual(['person', 'stop sign', 'bottle', 'chair', 'toothbrush']);
    for (const name of cocoClasses) if (name) expect(classOf(name)).toBe(name);
  });

  test('every word of the table leads to one of them', () => {
    for (const className of classWords.values()) expect(cocoClasses).toContain(className);
  });

  test.each([
    ['tall woman', 'person'],
    ['people', 'person'],
    ['firemen', 'person'],
    ['fisherman', 'person'],
    ['kids', 'person'],
    ['bike', 'bicycle'],
    ['city buses', 'bus'],
    ['old T.V.', 'tv'],
    ['sofas', 'couch'],
    ['cell phones', 'cell phone'],
    ['red traffic lights', 'traffic light'],
    ['STOP sign', 'stop sign'],
    ['kitchen knives', 'knife'],
    ['geese', 'bird'],
    ['puppies', 'dog'],
    ['skis', 'skis'],
    ['glass', 'cup'],
    ['wine glasses', 'wine glass'],
    ['teddy bear', 'teddy bear'],
    ['brown bear', 'bear'],
    ['hot dogs', 'hot dog'],
    ['bunch of bananas', 'banana'],
  ])('%s → %s', (text, className) => {
    expect(classOf(text)).toBe(className);
  });

  test.each(['street sign', 'bus stop', 'flower bed', 'coffee table', 'street light', 'snowman', 'wall', 'car door', 'magnifying glass'])(
    '%s is none of the 80',
    (text) => {
      expect(classOf(text)).toBeUndefined();
    },
  );

  test('is that of the given core noun, with what comes before it', () => {
    expect(classOf('slice of pizza on a plate', 'pizza')).toBe('pizza');
    expect(classOf('the traffic light over there', 'light')).toBe('traffic light');
  });

  test.each([
    ['two cats', true, 2],
    ['3 chairs', true, 3],
    ['both dogs', true, 2],
    ['pair of cats', true, 2],
    ['cats', true, undefined],
    ['group of people', true, undefined],
    ['crowd', true, undefined],
    ['cat', false, 1],
    ['bus', false, 1],
    ['pair of scissors', false, 1],
  ])('%s: plural %s, count %s', (text, plural, count) => {
    expect(classOfPhrase(text, text.split(' ').at(-1) ?? '')).toMatchObject({ plural, count });
  });
});
