import { describe, expect, it } from 'vitest';
import { imported } from '../import-in-folder.ts';

const instances = {
  info: { description: 'COCO 2017 Dataset' },
  licenses: [{ id: 1 }],
  images: [
    { id: 139, file_name: '000000000139.jpg', width: 640, height: 426 },
    { id: 285, file_name: '000000000285.jpg', width: 586, height: 640 },
    { id: 632, file_name: '000000000632.jpg', width: 640, height: 483 },
  ],
  annotations: [
    { id: 1, image_id: 139, category_id: 64, bbox: [236.98, 142.51, 24.7, 69.5], area: 531.8, iscrowd: 0, segmentation: [[1, 2, 3, 4]] },
    { id: 2, image_id: 285, category_id: 23, bbox: [1.25, 0.1, 584.74, 639.9], area: 9, iscrowd: 0 },
    { id: 3, image_id: 139, category_id: 1, bbox: [412.8, 157.61, 53.05, 138.01], area: 9, iscrowd: 0 },
    { id: 4, image_id: 139, category_id: 1, bbox: [384.43, 172.21, 15.12, 35.74], area: 9, iscrowd: 0 },
    { id: 5, image_id: 139, category_id: 44, bbox: [10, 10, 0, 5], area: 0, iscrowd: 0 },
    { id: 6, image_id: 632, category_id: 1, bbox: [0, 0, 300, 200], area: 9, iscrowd: 1 },
  ],
  categories: [
    { id: 1, name: 'person', supercategory: 'person' },
    { id: 23, name: 'bear', supercategory: 'animal' },
    { id: 44, name: 'bottle', supercategory: 'kitchen' },
    { id: 64, name: 'potted plant', supercategory: 'furniture' },
  ],
};
const files = { 'instances_val2017.json': JSON.stringify(instances) };

describe('importing COCO instances', () => {
  it('makes a line of each image that lists its categories, each with all its boxes as corners', async () => {
    const { truth, input } = await imported('coco', files);

    expect(truth[0]).toEqual({
      image_path: '000000000139.jpg',
      caption: 'person. potted plant.',
      width: 640,
      height: 426,
      expressions: [
        {
          text: 'person',
          char_span: [0, 6],
          boxes: [
            [412.8, 157.61, 465.85, 295.62],
            [384.43, 172.21, 399.55, 207.95],
          ],
        },
        { text: 'potted plant', char_span: [8, 20], boxes: [[236.98, 142.51, 261.68, 212.01]] },
      ],
    });
    expect(input[1]).toMatchObject({ image_id: 285, caption: 'bear.' });
  });

  it('leaves out categories with a crowd region, boxes without area and images without boxes', async () => {
    const { leftOut, lines } = await imported('coco', files);

    expect(lines).toBe(2);
    expect(Object.fromEntries(leftOut)).toEqual({
      'boxes without area': 1,
      'categories with a crowd region': 1,
      'images without boxes': 1,
    });
  });

  it('adds absent categories, the same ones for the same seed, never a crowded one', async () => {
    const { truth, absent } = await imported('coco', files, { absent: 2, seed: 3 });
    const again = await imported('coco', files, { absent: 2, seed: 3 });

    expect(absent).toBe(6);
    expect(again.truth).toEqual(truth);
    const names = truth.map(({ expressions }) => expressions.filter(({ boxes }) => boxes.length === 0).map(({ text }) => text));
    expect(names.map((list) => list.length)).toEqual([2, 2, 2]);
    expect(names[0]).not.toContain('person');
    expect(names[2]).not.toContain('person');
  });

  it('refuses a file that is cut off or has another form', async () => {
    await expect(imported('coco', { 'a.json': JSON.stringify(instances).slice(0, 900) })).rejects.toThrow(
      /not complete JSON.*download or unpack it again/,
    );
    await expect(imported('coco', { 'a.json': '[]' })).rejects.toThrow(/is not a COCO file/);
    await expect(
      imported('coco', { 'a.json': JSON.stringify({ ...instances, annotations: [{ image_id: 1, category_id: 1 }] }) }),
    ).rejects.toThrow(/annotations has an unexpected form: "bbox"/);
  });
});
