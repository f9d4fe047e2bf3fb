import { describe, expect, it } from 'vitest';
import { headNoun } from '#core/text/head-noun.ts';

describe('the core noun of a phrase', () => {
  it.each([
    ['man in a blue shirt', 'man'],
    ['the man, in a blue shirt', 'man'],
    ['man standing', 'man'],
    ['a woman who is holding an umbrella', 'woman'],
    ['boy wearing glasses', 'boy'],
    ['girl riding a horse', 'girl'],
    ['dog with a ball', 'dog'],
    ['a car parked on the street', 'car'],
    ['old house by the lake', 'house'],
    ['pizza cut into slices', 'pizza'],
    ['child being held', 'child'],
    ['sandwich half eaten', 'sandwich'],
    ['a glass half full of beer', 'glass'],
    ['woman left of the tree', 'woman'],
    ['second guy from left', 'guy'],
    ['chair next to the table', 'chair'],
    ['zebra closest to us', 'zebra'],
    ['two people sitting on a bench', 'people'],
    ['the one in the middle', 'one'],
    ['two on the left', 'two'],
    ['person far left', 'person'],
    ['man standing up', 'man'],
    ['man that holds a phone', 'man'],
  ])('comes before its details: %s', (phrase, noun) => {
    expect(headNoun(phrase)).toBe(noun);
  });

  it.each([
    ['group of people', 'people'],
    ['a couple of men in suits', 'men'],
    ['pairs of red shoes on the floor', 'shoes'],
    ['a row of parked cars', 'cars'],
    ['one of the dogs', 'dogs'],
    ['cup of coffee', 'cup'],
    ['a bowl of soup on a table', 'bowl'],
    ['top of a building', 'top'],
  ])('stands before "of", except behind words that only count: %s', (phrase, noun) => {
    expect(headNoun(phrase)).toBe(noun);
  });

  it.each([
    ['red car', 'car'],
    ['a standing man', 'man'],
    ['tall standing lamp', 'lamp'],
    ['two playing cards', 'cards'],
    ['red painted wall', 'wall'],
    ['parked car', 'car'],
    ['the left one', 'one'],
    ['the far left', 'left'],
    ['a for sale sign', 'sign'],
    ['pop up tent', 'tent'],
    ['in front', 'front'],
    ['tree', 'tree'],
    ['', ''],
  ])('is the last word of a phrase without details: %s', (phrase, noun) => {
    expect(headNoun(phrase)).toBe(noun);
  });

  it.each([
    ['ein roter Kasten', 'Kasten'],
    ['en gammel by', 'by'],
    ['todas as mulheres', 'mulheres'],
    ['穿红衣服的小孩', '穿红衣服的小孩'],
    ['빨간 자동차', '자동차'],
  ])('is the last word in other languages: %s', (phrase, noun) => {
    expect(headNoun(phrase)).toBe(noun);
  });
});
