import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BoxConvention } from '#core/model-profile.ts';
import { toPixels } from '#steps/ground/pixel-box.ts';
import { readBoxes } from '#steps/ground/read-boxes.ts';
import { isMissing, needing } from '#test/shared-material.ts';

const read = (reply: string, key?: string) =>
  readBoxes(reply, key).boxes.map(({ box, label, id }) => ({
    box,
    ...(label !== undefined && { label }),
    ...(id !== undefined && { id }),
  }));
const boxesOf = (reply: string) => readBoxes(reply).boxes.map(({ box }) => box);

describe('reading boxes from a reply', () => {
  it('reads the object form with its absences', () => {
    const reply = '{"boxes":[{"box_2d":[1,2,3,4],"label":"red car","id":1,"score":0.9}],"absent":[2,"3"]}';

    expect(readBoxes(reply, 'box_2d')).toMatchObject({ complete: true, isEmptyAnswer: false });
    expect(read(reply)).toEqual([
      { box: [1, 2, 3, 4], label: 'red car', id: 1 },
      { box: 'absent', id: 2 },
      { box: 'absent', id: 3 },
    ]);
  });

  it('reads the list form, where null is an absence', () => {
    expect(
      read('[{"bbox_2d":[1,2,3,4],"label":"red car","id":1},{"bbox_2d":null,"label":"tree","id":2},{"bbox_2d":[],"label":"sea"}]'),
    ).toEqual([
      { box: [1, 2, 3, 4], label: 'red car', id: 1 },
      { box: 'absent', label: 'tree', id: 2 },
      { box: 'absent', label: 'sea' },
    ]);
  });

  it.each([
    ['fences', '```json\n[{"bbox_2d":[1,2,3,4]}]\n```'],
    ['a fence that never ends', '```json\n[{"bbox_2d":[1,2,3,4]}]'],
    ['words before and after', 'Here are the [2] boxes you asked for:\n[{"bbox_2d":[1,2,3,4]}]\nLet me know if {more} is needed!'],
    ['thoughts', '<think>The car [{"bbox_2d":[9,9,9,9]}] is</think>\n[{"bbox_2d":[1,2,3,4]}]'],
    ['empty thoughts', '<think>\n\n</think>[{"bbox_2d":[1,2,3,4]}]'],
    ['thoughts whose beginning was in the prompt', 'so {"bbox_2d":[9,9,9,9]} maybe</think>{"bbox_2d":[1,2,3,4]}'],
    ['a trailing comma', '[{"bbox_2d":[1,2,3,4,],},]'],
    ['comments', '[{"bbox_2d":[1,2,3,4] /* the car */, // found\n}]'],
    ['Python', "[{'bbox_2d': [1, 2, 3, 4], 'label': 'man's hat', 'sure': True, 'why': None}]"],
    ['bare keys and NaN', '[{bbox_2d: [1,2,3,4], score: NaN}]'],
    ['a brace twice', '[{{"bbox_2d":[1,2,3,4],"label":"car"}]'],
    ['braces twice on both sides', '[{{"bbox_2d":[1,2,3,4],"label":"car"}}]'],
    ['a lone object', '{"bbox_2d":[1,2,3,4],"label":"car"}'],
    ['numbers as text', '[{"bbox_2d":["1","2","3","4"]}]'],
    ['a box as text', '[{"bbox_2d":"[1, 2, 3, 4]"}]'],
    ['a box in a list of its own', '[{"bbox_2d":[[1,2,3,4]]}]'],
    ['two points', '[{"bbox_2d":[[1,2],[3,4]]}]'],
    ['a list of bare boxes', '[[1,2,3,4]]'],
    ['GLM tokens', '<|begin_of_box|>[[1,2,3,4]]<|end_of_box|>'],
    ['GLM tokens around corners', '<|begin_of_box|>(1,2),(3,4)<|end_of_box|>'],
    ['GLM tokens without brackets', '<|begin_of_box|>1,2,3,4<|end_of_box|>'],
    ['named corners', '{"objects":[{"x_min":1,"y_min":2,"x_max":3,"y_max":4}]}'],
    ['InternVL tags', '<ref>car</ref><box>[[1, 2, 3, 4]]</box>'],
    ['Qwen-VL tags', '<|object_ref_start|>car<|object_ref_end|><|box_start|>(1,2),(3,4)<|box_end|>'],
    ['a tag that is not closed', '<box>(1,2,3,4)\n'],
    ['DeepSeek tags', '<|ref|>car<|/ref|><|det|>[[1, 2, 3, 4]]<|/det|>'],
    ['location tokens', '<loc0001><loc0002><loc0003><loc0004> car'],
  ])('sees through %s', (_, reply) => {
    expect(boxesOf(reply)).toEqual([[1, 2, 3, 4]]);
  });

  it('reads many boxes of one label, in tags and in lists', () => {
    expect(read('<ref>two dogs</ref><box>[[1,2,3,4],[5,6,7,8]]</box>')).toEqual([
      { box: [1, 2, 3, 4], label: 'two dogs' },
      { box: [5, 6, 7, 8], label: 'two dogs' },
    ]);
    expect(read('{"two dogs": {"bboxes": [[1,2,3,4],[5,6,7,8]], "scores": [0.9, 0.8]}, "cat": {"bboxes": [], "scores": []}}')).toEqual([
      { box: [1, 2, 3, 4], label: 'two dogs' },
      { box: [5, 6, 7, 8], label: 'two dogs' },
      { box: 'absent', label: 'cat' },
    ]);
    expect(
      read('{"results":[{"id":"1","text":"dog","boxes":[{"bbox":[1,2,3,4],"score":0.5}]},{"id":"2","text":"cat","boxes":[]}]}'),
    ).toEqual([
      { box: [1, 2, 3, 4], label: 'dog', id: 1 },
      { box: 'absent', label: 'cat', id: 2 },
    ]);
  });

  it('takes exactly four finite numbers for a box', () => {
    for (const box of [
      '[1,2,3]',
      '[1,2,3,4,5]',
      '[1,2,3,"x"]',
      '[1,2,3,NaN]',
      '[[1,2],[3,4],[5,6]]',
      '{"x":1}',
      'true',
      '7',
      '"somewhere"',
    ])
      expect(boxesOf(`[{"bbox_2d":${box},"id":1}]`), box).toEqual(box === '{"x":1}' ? [] : ['unreadable']);
    expect(boxesOf('<box>(1,2)</box>')).toEqual(['unreadable']);
  });

  it('keeps the complete elements of a reply that was cut off, and never half a number', () => {
    const reply = '{"boxes":[{"box_2d":[1,2,3,4],"label":"a","id":1},{"box_2d":[10,20,30,400],"label":"b","id":2}],"absent":[3]}';
    for (let end = 0; end < reply.length; end++) {
      const { boxes, complete } = readBoxes(reply.slice(0, end));
      expect(complete, `cut after ${end}`).toBe(false);
      for (const { box, id } of boxes) expect(box).toEqual(id === 1 ? [1, 2, 3, 4] : id === 2 ? [10, 20, 30, 400] : 'absent');
      expect(boxes.filter(({ id }) => id === 1).length).toBe(end > reply.indexOf('}') ? 1 : 0);
    }
  });

  it('loses none of the neighbours of a bad element', () => {
    const element = (id: number) => `{"bbox_2d": [${id}, 2, 3, 4], "label": "thing ${id}", "id": ${id}}`;
    const junk = fc.array(fc.constantFrom('"', "'", ',', ':', '[', ']', '{', 'bbox_2d', '1', ' ', '\n', '/*', 'NaN', '\\', '“', '<'), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), junk, fc.integer({ min: 0, max: 54 }), (bad, parts, at) => {
        const broken = `${element(bad).slice(0, at)}${parts.join('')}${element(bad).slice(at)}`;
        const reply = `[${[1, 2, 3, 4].map((id) => (id === bad ? broken : element(id))).join(', ')}]`;

        const { boxes } = readBoxes(reply);

        for (const id of [1, 2, 3, 4].filter((other) => other !== bad)) {
          expect(boxes).toContainEqual(expect.objectContaining({ box: [id, 2, 3, 4], label: `thing ${id}`, id }));
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('tells an explicit nothing from no answer', () => {
    for (const reply of ['[]', '```json\n[]\n```', '{"boxes":[]}', '{"detections": []}'])
      expect(readBoxes(reply), reply).toMatchObject({ boxes: [], isEmptyAnswer: true, complete: true });
    for (const reply of [
      '',
      'I cannot tell.',
      '[',
      '{"boxes":[',
      '{}',
      '{"boxes":[],"absent":[]}',
      '{"boxes":[{}]}',
      '[{"label":"car"}]',
      '<think>[]',
    ])
      expect(readBoxes(reply), reply).toMatchObject({ boxes: [], isEmptyAnswer: false });
  });

  it('reads words before places or after them, as the family writes them', () => {
    const labels = (reply: string) => readBoxes(reply).boxes.map(({ label, box }) => [label, box]);
    const expected = [
      ['car', [1, 2, 3, 4]],
      ['door handle', [5, 6, 7, 8]],
    ];

    expect(labels('car<loc_1><loc_2><loc_3><loc_4>door handle<loc_5><loc_6><loc_7><loc_8>')).toEqual(expected);
    expect(labels('<loc0001><loc0002><loc0003><loc0004> car ; <loc0005><loc0006><loc0007><loc0008> door handle')).toEqual(expected);
  });

  it('numbers repeated blocks, so that only the first is believed', () => {
    const block = '```json\n[{"bbox_2d":[1,2,3,4],"id":1}]\n```';
    expect(readBoxes(`${block}\n${block}`).boxes.map((box) => box.block)).toEqual([0, 1]);
    expect(readBoxes('{"bbox_2d":[1,2,3,4],"id":1}\n{"bbox_2d":[5,6,7,8],"id":1}').boxes.map((box) => box.block)).toEqual([0, 0]);
  });

  it('prefers the key that was asked for', () => {
    expect(boxesOf('[{"box":[9,9,9,9],"box_2d":[1,2,3,4]}]')).toEqual([[1, 2, 3, 4]]);
    expect(readBoxes('[{"box_2d":[9,9,9,9],"bbox":[1,2,3,4]}]', 'bbox').boxes[0]?.box).toEqual([1, 2, 3, 4]);
  });

  it('hands on notes about what has no box', () => {
    expect(readBoxes('{"boxes":[],"absent":[2],"notes":{"2":"not one of 80 classes"}}').notes).toEqual(
      new Map([[2, 'not one of 80 classes']]),
    );
  });

  it('is quick with ten thousand boxes and with endless white space', () => {
    const loop = `{"boxes":[${'{"box_2d":[1,2,3,4],"label":"a","id":1},'.repeat(10_000)}`;
    expect(readBoxes(loop).boxes.length).toBe(10_000);
    expect(readBoxes(`{"boxes":[${' \n'.repeat(100_000)}`).boxes).toEqual([]);
    expect(readBoxes('[{"a":"'.repeat(20_000)).boxes).toEqual([]);
    expect(readBoxes('{'.repeat(200_000)).boxes).toEqual([]);
  }, 5000);
});

interface RecordedReply {
  readonly id: string;
  readonly raw: string | object;
  readonly convention: string;
  readonly inputSize: [number, number] | null;
  readonly image: { width: number; height: number } | null;
  readonly expectedPixelBoxes: { label: string | null; box: number[] }[] | null;
  readonly modelBoxes?: { box: number[] }[];
}

const folder = '../shared/data/replies';
const recorded = (name: string): RecordedReply[] =>
  readFileSync(`${folder}/${name}.jsonl`, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as RecordedReply);

describe.skipIf(isMissing(folder))(needing(folder, 'recorded replies'), () => {
  /** Where upstream filters by class, drops boxes without labels, or reads output of no chat model, there is no common result. */
  const otherRules = /gemini_2_5-06|deepseek_vl_2-05|qwen_2_5_vl-03|florence/;

  it('gives the boxes that upstream projects expect of their own test replies', () => {
    const vectors = recorded('upstream-vectors').filter(({ id, expectedPixelBoxes }) => expectedPixelBoxes && !otherRules.test(id));
    expect(vectors).not.toEqual([]);
    for (const vector of vectors) {
      const image = vector.image ?? { width: 1, height: 1 };
      const { convention, sent } = conventionOf(vector, image);

      const { boxes } = readBoxes(typeof vector.raw === 'string' ? vector.raw : JSON.stringify(vector.raw));

      const found = boxes.flatMap(({ box }) => (typeof box === 'string' ? [] : [toPixels(box, convention, sent, image)]));
      expect(found.length, vector.id).toBe(vector.expectedPixelBoxes?.length);
      for (const [index, box] of found.entries())
        for (const [corner, value] of box.entries())
          expect(value, vector.id).toBeCloseTo(vector.expectedPixelBoxes?.[index]?.box[corner] ?? Number.NaN, 1);
    }
  });

  it('gives the boxes in the replies of a real Qwen2.5-VL', () => {
    const replies = recorded('qwen25vl3b-refcoco');
    expect(replies).not.toEqual([]);
    for (const { id, raw, modelBoxes } of replies) expect(boxesOf(String(raw)), id).toEqual(modelBoxes?.map(({ box }) => box));
  });
});

/** The conventions of the vectors, in our words. */
function conventionOf({ convention, inputSize }: RecordedReply, image: { width: number; height: number }) {
  const order = convention.includes('yxyx') ? ('yxyx' as const) : ('xyxy' as const);
  const of = (scale: BoxConvention['scale'], sent = image) => ({ convention: { order, scale }, sent });
  if (inputSize) return of('pixels', { width: inputSize[0], height: inputSize[1] });
  if (convention.startsWith('openai')) {
    const scale = Math.min(1, 2048 / Math.max(image.width, image.height));
    return of('pixels', { width: Math.round(image.width * scale), height: Math.round(image.height * scale) });
  }
  if (convention.includes('unit')) return of(1);
  return of(convention.includes('1024') ? 1024 : convention.includes('999') ? 999 : 1000);
}
