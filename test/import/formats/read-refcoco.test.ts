import { describe, expect, it } from 'vitest';
import { imported } from '../import-in-folder.ts';

/** A row of jxu124/refcoco as `to_json` writes it. */
const row = {
  sent_ids: [0, 1],
  file_name: 'COCO_train2014_000000581857_16.jpg',
  ann_id: 1719310,
  ref_id: 0,
  image_id: 581857,
  split: 'train',
  sentences: [
    { raw: 'the lady with the blue shirt', sent: 'the lady with the blue shirt', sent_id: 0, tokens: [] },
    { raw: 'lady w back to us', sent: 'lady with back to us', sent_id: 1, tokens: [] },
  ],
  category_id: 1,
  raw_anns: '{}',
  raw_image_info: '{"file_name": "COCO_train2014_000000581857.jpg", "height": 640, "width": 427, "id": 581857}',
  image_path: 'coco/train2014/COCO_train2014_000000581857.jpg',
  bbox: [103.93, 299.99, 238.15, 477.4],
  captions: ['the lady with the blue shirt', 'lady with back to us'],
};

describe('importing RefCOCO', () => {
  it('makes a line of each expression of a Hugging Face row, with its corners', async () => {
    const { truth, input } = await imported('refcoco', { 'refcoco.jsonl': `${JSON.stringify(row)}\n` });

    expect(truth).toEqual([
      {
        image_path: 'COCO_train2014_000000581857.jpg',
        caption: 'the lady with the blue shirt',
        width: 427,
        height: 640,
        expressions: [{ text: 'the lady with the blue shirt', char_span: [0, 28], boxes: [[103.93, 299.99, 238.15, 477.4]] }],
      },
      expect.objectContaining({ caption: 'lady with back to us' }),
    ]);
    expect(input[0]?.image_id).toBe(581857);
  });

  it("reads lmms-lab's rows: the expressions are the answer, boxes have width and height", async () => {
    const lmms = {
      question_id: '1',
      question: 'Please provide …',
      answer: ['bowl behind others'],
      bbox: [10.5, 20, 30.25, 40],
      iscrowd: 0,
      file_name: 'COCO_train2014_000000380440_491042.jpg',
    };

    const { truth } = await imported('refcoco', { 'rows.json': JSON.stringify([lmms]) });

    expect(truth[0]).toMatchObject({
      image_path: 'COCO_train2014_000000380440.jpg',
      expressions: [{ text: 'bowl behind others', boxes: [[10.5, 20, 40.75, 60]] }],
    });
  });

  it("uses the complete caption of MDETR's file as the expression, not its head noun", async () => {
    const images = [
      {
        file_name: 'COCO_train2014_000000581857.jpg',
        height: 640,
        width: 427,
        id: 0,
        original_id: 581857,
        caption: 'the lady with the blue shirt',
        dataset_name: 'refcoco',
      },
    ];
    const annotations = [
      { image_id: 0, id: 0, category_id: 1, iscrowd: 0, area: 9, bbox: [103.93, 299.99, 134.22, 177.41], tokens_positive: [[4, 8]] },
    ];

    const { truth } = await imported('refcoco', {
      'finetune_refcoco_val.json': JSON.stringify({ info: {}, images, annotations, categories: [] }),
    });

    expect(truth[0]?.expressions).toEqual([
      { text: 'the lady with the blue shirt', char_span: [0, 28], boxes: [[103.93, 299.99, 238.15, 477.4]] },
    ]);
  });

  it('reads one split of the rows, and lists the existing ones', async () => {
    const files = { 'rows.jsonl': [row, { ...row, split: 'testA' }].map((one) => JSON.stringify(one)).join('\n') };

    expect((await imported('refcoco', files, { split: 'testA' })).lines).toBe(2);
    await expect(imported('refcoco', files, { split: 'test' })).rejects.toThrow(/no rows of split "test"; it has train, testA/);
  });

  it.each(['refs(unc).p', 'refs.pkl'])('refuses a pickle with a way around it: %s', async (name) => {
    await expect(imported('refcoco', { [name]: '\u0080\u0002]q' })).rejects.toThrow(
      /is a Python pickle, .*so it is not read; .*jxu124\/refcoco/,
    );
  });
});

describe('importing', () => {
  it('writes neither file where it fails midway', async () => {
    const { readdirSync } = await import('node:fs');
    const { tempFolder } = await import('#test/storage/temp-folder.ts');
    const { createDirectoryFiles } = await import('#storage/disk/directory-files.ts');
    const out = tempFolder();

    await expect(
      imported('refcoco', { 'rows.jsonl': `${JSON.stringify(row)}\n{"bbox":` }, { out: createDirectoryFiles(out) }),
    ).rejects.toThrow(/line 2/);

    expect(readdirSync(out)).toEqual([]);
  });

  it('names the formats there are', async () => {
    await expect(imported('voc', { 'a.xml': '' })).rejects.toThrow(
      /unknown format "voc"; formats: flickr30k, coco, mdetr, odvg, visual-genome, refcoco/,
    );
  });

  it('reads no more lines than requested', async () => {
    expect((await imported('refcoco', { 'rows.jsonl': JSON.stringify(row) }, { limit: 1 })).lines).toBe(1);
  });
});
