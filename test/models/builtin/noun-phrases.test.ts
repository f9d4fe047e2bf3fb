import { describe, expect, test } from 'vitest';
import { nounPhrases } from '#models/builtin/noun-phrases.ts';

const phrasesOf = (caption: string) => nounPhrases(caption).map(({ text }) => text);

describe('noun phrases of a caption', () => {
  test.each([
    ['A man is in a kitchen making pizzas.', ['man', 'kitchen', 'pizzas']],
    ['Two cats sitting on top of a pair of shoes.', ['Two cats', 'pair of shoes']],
    ['A bathroom with a sink and toilet and a window.', ['bathroom', 'sink', 'toilet', 'window']],
    ['A group of people who are standing together.', ['group of people']],
    ['a red and green bucket and a black-and-white cat', ['red and green bucket', 'black-and-white cat']],
    ['A view of a very large bathroom with mirrored walls.', ['very large bathroom', 'mirrored walls']],
    ['A woman sitting in front of the Eiffel tower near pigeons.', ['woman', 'Eiffel tower', 'pigeons']],
    ['Boats on a river. Dogs on the shore', ['Boats', 'river', 'Dogs', 'shore']],
    ["A man's hat and his dog", ['man', 'hat', 'dog']],
    ['Three teddy bears under a STOP sign', ['Three teddy bears', 'STOP sign']],
    ['people standing at a bus stop', ['people', 'bus stop']],
  ])('%s', (caption, phrases) => {
    expect(phrasesOf(caption)).toEqual(phrases);
  });

  test.each([
    ['A brown dog chases a cat', ['brown dog', 'cat']],
    ['An elephant drinks from a stream', ['elephant', 'stream']],
    ['Two men ride horses', ['Two men', 'horses']],
    ['People standing on a street', ['People', 'street']],
  ])('a verb is no thing: %s', (caption, phrases) => {
    expect(phrasesOf(caption)).toEqual(phrases);
  });

  test.each([
    ['what a picture is about', 'This is a close-up photo of a dog', ['dog']],
    ['places within something', 'A dog in the background on the left side of a car', ['dog', 'car']],
    ['times and what cannot be seen', 'A fun day with a dog', ['dog']],
    ['pronouns', 'It is near them, and someone has it', []],
    ['a negated thing', 'A bathroom with no toilets', ['bathroom']],
    ['bare names', 'street signs on the corner of Gladys and Detroit', ['street signs']],
  ])('leaves out %s', (_, caption, phrases) => {
    expect(phrasesOf(caption)).toEqual(phrases);
  });

  test('gives every phrase as it stands in the caption, repeats and emoji included', () => {
    const caption = 'A clock 🕰️ beside a clock, 👨‍👩‍👧 a café table\u00a0and an é-coloured TV 📺';

    const phrases = phrasesOf(caption);

    expect(phrases.slice(0, 2)).toEqual(['clock', 'clock']);
    for (const phrase of phrases) expect(caption).toContain(phrase);
  });

  test('names the core noun', () => {
    expect(nounPhrases('a bunch of ripe bananas and an old street clock')).toEqual([
      { text: 'bunch of ripe bananas', nounChunk: 'bananas' },
      { text: 'old street clock', nounChunk: 'clock' },
    ]);
  });

  test.each(['a ', 'several ', 'very ', 'group of ', '-', '🚗 '])('reads a megabyte of %j in moments', (word) => {
    expect(phrasesOf(word.repeat(1_000_000 / word.length)).length).toBeLessThan(2);
  });

  test.each(['', '   ', '🚗🚗', '十个人在街上', '…!?', 'a', 'of of of', '-'])('survives %j', (caption) => {
    expect(() => nounPhrases(caption)).not.toThrow();
  });
});
