import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { imported } from '../import-in-folder.ts';

const region = (phrase: string, x: number) => ({ region_id: x, image_id: 1, phrase, x, y: 10, width: 50, height: 40 });
const regions = [
  region('the clock is green in colour', 421),
  region('shade is along the street ', 194),
  region('Man in red.', 5),
  region('man in red', 90),
  region('', 7),
];
const files = {
  'region_descriptions.json': JSON.stringify([
    { id: 1, regions },
    { id: 2, regions: [] },
  ]),
};

describe('importing Visual Genome', () => {
  it('joins the phrases of an image to a line, equal ones as one phrase with several boxes', async () => {
    const { truth, leftOut } = await imported('visual-genome', files);

    expect(truth).toEqual([
      {
        image_path: '1.jpg',
        caption: 'the clock is green in colour. shade is along the street. Man in red.',
        expressions: [
          { text: 'the clock is green in colour', char_span: [0, 28], boxes: [[421, 10, 471, 50]] },
          { text: 'shade is along the street', char_span: [30, 55], boxes: [[194, 10, 244, 50]] },
          {
            text: 'Man in red',
            char_span: [57, 67],
            boxes: [
              [5, 10, 55, 50],
              [90, 10, 140, 50],
            ],
          },
        ],
      },
    ]);
    expect(Object.fromEntries(leftOut)).toEqual({ 'regions without text or area': 1, 'images without regions': 1 });
  });

  it('puts no more phrases in a line than asked for', async () => {
    const { input } = await imported('visual-genome', files, { phrasesPerLine: 2 });

    expect(input.map(({ expressions }) => expressions?.length)).toEqual([2, 1]);
  });

  it('finds the one of its two folders that holds an image', async () => {
    const images = tempFolder();
    mkdirSync(join(images, 'VG_100K_2'));
    writeFileSync(join(images, 'VG_100K_2', '1.jpg'), '');

    expect((await imported('visual-genome', files, { images })).input[0]?.image_path).toBe('VG_100K_2/1.jpg');
  });
});
