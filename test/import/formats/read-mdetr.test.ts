import { describe, expect, it } from 'vitest';
import { imported } from '../import-in-folder.ts';

const caption = 'A man with two dogs , the man smiles';
/** As MDETR's flickr_combined.py writes it: a box with the spans of every phrase of its entity; sizes of Flickr30k are text. */
const flickr = {
  info: [],
  images: [
    {
      file_name: '1.jpg',
      height: '375',
      width: '500',
      id: 7,
      caption,
      dataset_name: 'flickr',
      tokens_negative: [[0, caption.length]],
      sentence_id: 0,
      original_img_id: 1,
      tokens_positive_eval: [[[0, 5]], [[11, 19]], [[22, 29]]],
    },
  ],
  annotations: [
    {
      image_id: 7,
      id: 0,
      category_id: 1,
      iscrowd: 0,
      area: 1,
      bbox: [10, 20, 30, 40],
      tokens_positive: [
        [0, 5],
        [22, 29],
      ],
    },
    { image_id: 7, id: 1, category_id: 1, iscrowd: 0, area: 1, bbox: [100, 20, 30, 40], tokens_positive: [[11, 19]] },
    { image_id: 7, id: 2, category_id: 1, iscrowd: 0, area: 1, bbox: [150, 20, 30, 40], tokens_positive: [[11, 19]] },
  ],
  categories: [{ id: 1, name: 'object' }],
};

describe('importing MDETR JSON', () => {
  it('makes a phrase of each span that counts, with every box that has it', async () => {
    const { truth } = await imported('mdetr', { 'final_flickr_separateGT_val.json': JSON.stringify(flickr) });

    expect(truth).toEqual([
      {
        image_path: '1.jpg',
        caption,
        width: 500,
        height: 375,
        expressions: [
          { text: 'A man', char_span: [0, 5], boxes: [[10, 20, 40, 60]] },
          {
            text: 'two dogs',
            char_span: [11, 19],
            boxes: [
              [100, 20, 130, 60],
              [150, 20, 180, 60],
            ],
          },
          { text: 'the man', char_span: [22, 29], boxes: [[10, 20, 40, 60]] },
        ],
      },
    ]);
  });

  it('uses the spans of the boxes in a file without evaluated spans', async () => {
    const { tokens_positive_eval: _, ...image } = flickr.images[0] ?? { tokens_positive_eval: [] };
    const annotations = [
      {
        ...flickr.annotations[1],
        tokens_positive: [
          [11, 19],
          [90, 99],
        ],
      },
    ];

    const { truth, leftOut } = await imported('mdetr', { 'train.json': JSON.stringify({ images: [image], annotations }) });

    expect(truth[0]?.expressions.map(({ text }) => text)).toEqual(['two dogs']);
    expect(Object.fromEntries(leftOut)).toEqual({ 'phrases outside their caption': 1 });
  });
});
