import { describe, expect, it } from 'vitest';
import { imported } from '../import-in-folder.ts';

const caption = 'Two young guys with shaggy hair look at their hands .';

describe('importing ODVG', () => {
  it("reads mmdetection's spelling: filename, tokens_positive, several boxes of a phrase", async () => {
    const line = {
      filename: '1000092795.jpg',
      height: 500,
      width: 333,
      grounding: {
        caption,
        regions: [
          {
            bbox: [
              [31, 119, 185, 416],
              [187, 110, 300, 400],
            ],
            phrase: 'Two young guys',
            tokens_positive: [[0, 14]],
          },
          {
            bbox: [100, 110, 160, 150],
            phrase: ['shaggy', 'hair'],
            tokens_positive: [
              [20, 26],
              [27, 31],
            ],
          },
        ],
      },
    };

    const { truth } = await imported('odvg', { 'flickr_train_vg.json': `${JSON.stringify(line)}\n` });

    expect(truth).toEqual([
      {
        image_path: '1000092795.jpg',
        caption,
        width: 333,
        height: 500,
        expressions: [
          {
            text: 'Two young guys',
            char_span: [0, 14],
            boxes: [
              [31, 119, 185, 416],
              [187, 110, 300, 400],
            ],
          },
          { text: 'shaggy hair', char_span: [20, 31], boxes: [[100, 110, 160, 150]] },
        ],
      },
    ]);
  });

  it("reads TAO's spelling: file_name, regions of one phrase, phrases looked up in the caption", async () => {
    const line = {
      file_name: 'img/a.jpg',
      image_id: 3,
      height: 500,
      width: 333,
      grounding: {
        caption,
        regions: [
          { bbox: [31, 119, 185, 416], phrase: 'two young guys' },
          { bbox: [187, 110, 300, 400], phrase: 'two young guys' },
          { bbox: [0, 0, 10, 10], phrase: 'a tree' },
          { bbox: [50, 50, 50, 60], phrase: 'hands' },
        ],
      },
    };

    const { truth, input, leftOut } = await imported('odvg', { 'odvg.jsonl': JSON.stringify(line) });

    expect(input[0]).toMatchObject({ image_path: 'img/a.jpg', image_id: 3 });
    expect(truth[0]?.expressions).toEqual([
      {
        text: 'Two young guys',
        char_span: [0, 14],
        boxes: [
          [31, 119, 185, 416],
          [187, 110, 300, 400],
        ],
      },
    ]);
    expect(Object.fromEntries(leftOut)).toEqual({ 'phrases that are not in their caption': 1, 'boxes without area': 1 });
  });

  it('looks phrases up as words of their own, not inside other words or phrases that have a place of their own', async () => {
    const placesIn = async (caption: string, ...phrases: string[]) => {
      const regions = phrases.map((phrase, index) => ({ bbox: [index, 0, 50, 50], phrase }));
      const { input, truth } = await imported('odvg', {
        'a.jsonl': JSON.stringify({ filename: 'a.jpg', grounding: { caption, regions } }),
      });
      expect(input[0]?.expressions?.map(({ char_span }) => char_span)).toEqual(truth[0]?.expressions.map(({ char_span }) => char_span));
      return truth[0]?.expressions.map(({ text, char_span, boxes }) => [text, ...(char_span ?? []), boxes.length]);
    };

    expect(await placesIn('A woman and a man', 'man')).toEqual([['man', 14, 17, 1]]);
    expect(await placesIn('a red car near a car', 'car', 'red car')).toEqual([
      ['red car', 2, 9, 1],
      ['car', 17, 20, 1],
    ]);
    expect(await placesIn('A car', 'Car', 'car')).toEqual([['car', 2, 5, 2]]);
  });

  it('asks for the categories of detection lines', async () => {
    const instances = [
      { bbox: [1, 2, 30, 40], label: 0, category: 'person' },
      { bbox: [50, 2, 80, 40], label: 0, category: 'person' },
      { bbox: [5, 5, 9, 9], label: 15, category: 'traffic light' },
    ];

    const { truth } = await imported('odvg', { 'o365.jsonl': JSON.stringify({ filename: 'a.jpg', detection: { instances } }) });

    expect(truth[0]).toMatchObject({
      caption: 'person. traffic light.',
      expressions: [
        {
          text: 'person',
          boxes: [
            [1, 2, 30, 40],
            [50, 2, 80, 40],
          ],
        },
        { text: 'traffic light' },
      ],
    });
  });

  it('names the line that is cut off, and the field that is missing', async () => {
    const line = JSON.stringify({ filename: 'a.jpg', grounding: { caption, regions: [{ bbox: [0, 0, 5, 5], phrase: 'hands' }] } });

    await expect(imported('odvg', { 'a.jsonl': `${line}\n${line.slice(0, 40)}` })).rejects.toThrow(
      /a\.jsonl line 2 is not JSON, perhaps cut off/,
    );
    await expect(imported('odvg', { 'a.jsonl': '{"grounding":{"caption":"x","regions":[]}}' })).rejects.toThrow(
      /"filename" is missing, and so is "file_name"/,
    );
  });
});
