import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { exportFrom, leftOut, notes } from './export-known.ts';
import { writeRecords } from './known-results.ts';

let folder: string;
beforeEach(() => {
  folder = tempFolder();
});

interface Phrase {
  readonly text: string;
  readonly span?: readonly [number, number];
  readonly boxes?: readonly (readonly number[])[];
}

async function write(caption: string, phrases: readonly Phrase[]): Promise<void> {
  const expressions = phrases.map(({ text, span, boxes = [[1, 2, 30, 40]] }) => {
    const start = Array.from(caption.slice(0, caption.indexOf(text))).length;
    const instances = boxes.map((bbox) => ({ bbox, score: 0.5 }));
    return { text, char_span: span ?? [start, start + Array.from(text).length], noun_chunk: 'thing', grounding: 'found', instances };
  });
  await writeRecords(folder, [{ image_path: 'a.jpg', width: 64, height: 64, caption, cleaned_caption: caption, expressions }]);
}

async function lineOf(format: string) {
  const done = await exportFrom(folder, format);
  return { ...done, line: JSON.parse(readFileSync(join(done.out, 'annotations.jsonl'), 'utf8')) };
}

describe("ODVG for TAO's loader, which makes its text of the phrases alone", () => {
  it('spells equal phrases alike, with a note that the loader joins them', async () => {
    await write('A man by a man', [{ text: 'A man' }, { text: 'a man' }]);

    const { line, ...done } = await lineOf('odvg');
    expect(line.grounding.regions.map(({ phrase }: { phrase: string }) => phrase)).toEqual(['A man', 'A man']);
    expect(notes(done).sharedPhrase).toBe(1);
  });

  it('warns of a phrase that is part of another, since the loader finds it by its first appearance', async () => {
    await write('a red car and a car', [{ text: 'a red car' }, { text: 'car' }]);

    expect(notes(await lineOf('odvg')).phraseInPhrase).toBe(1);
  });

  it('warns of more text than its model reads, in letters and in Chinese', async () => {
    const words = Array.from({ length: 30 }, (_, index) => ({
      text: `the ${index} extraordinarily complicated contraption behind everything`,
    }));
    await write(words.map(({ text }) => text).join(' '), words);
    expect(notes(await lineOf('odvg')).tokenLimit).toBe(1);

    await write('鱼'.repeat(260), [{ text: '鱼'.repeat(260) }]);
    expect(notes(await lineOf('odvg')).tokenLimit).toBe(1);

    const short = words.slice(0, 4);
    await write(short.map(({ text }) => text).join(' '), short);
    expect(notes(await lineOf('odvg')).tokenLimit).toBeUndefined();
  });
});

/** What the loader does with a caption before it looks up spans. */
const loaded = (caption: string) => caption.toLowerCase().trim();

describe("ODVG for MMDetection's loader, which lower-cases and strips the caption", () => {
  it.each([
    ['  two spaces before a cat', 'a cat'],
    ['İstanbul’da İki kedi', 'İki kedi'],
    ['😀 a 🐈 and İ', 'a 🐈'],
  ])('has spans that hold after that: %j', async (caption, text) => {
    await write(caption, [{ text }]);

    const { line } = await lineOf('odvg-mmdet');
    const [start, end] = line.grounding.regions[0].tokens_positive[0];
    expect(Array.from(loaded(line.grounding.caption)).slice(start, end).join('')).toBe(text.toLowerCase());
  });

  it('lists the boxes of a phrase that names several things, and leaves out those that the loader skips', async () => {
    await write('two cats', [
      {
        text: 'two cats',
        boxes: [
          [0, 0, 9, 9],
          [20, 20, 30, 30],
          [5, 5, 5.5, 30],
        ],
      },
    ]);

    const { line, ...done } = await lineOf('odvg-mmdet');
    expect(line.grounding.regions[0].bbox).toEqual([
      [0, 0, 9, 9],
      [20, 20, 30, 30],
    ]);
    expect(leftOut(done).smallForLoader).toBe(1);
  });

  it('leaves out a phrase without a place, with a count', async () => {
    await write('a dog and a cat', [{ text: 'a dog' }, { text: 'a fish', span: [0, 6] }]);

    const { line, ...done } = await lineOf('odvg-mmdet');
    expect(line.grounding.regions).toHaveLength(1);
    expect(leftOut(done).unplacedDropped).toBe(1);
  });
});
