import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Box } from '#core/box.ts';
import { type EvaluateOptions, type Evaluation, evaluateResults } from '#evaluate/evaluate-results.ts';
import { openResults } from '#results/read-records.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { failedLine, recordLine, resultsIn, type ToyRecord, type ToyTruth, truthIn, writeLines } from './evaluated-results.ts';

const left: Box = [0, 0, 100, 100];
const right: Box = [200, 0, 300, 100];
/** IoU 0.8 with `left`. */
const nearLeft: Box = [0, 0, 100, 80];
/** IoU 0.6 with `left`. */
const partLeft: Box = [0, 0, 100, 60];

async function evaluate(
  records: readonly ToyRecord[],
  truth: readonly ToyTruth[],
  options: Partial<EvaluateOptions> & { failed?: readonly string[] } = {},
): Promise<Evaluation> {
  const folder = tempFolder();
  const results = await resultsIn(join(folder, 'results'), records, options.failed);
  return await evaluateResults({ results, truth: truthIn(folder, truth), ...options });
}

function valuesOf({ figures }: Evaluation): Record<string, number | undefined> {
  return Object.fromEntries(figures.map(({ id, value }) => [id, value]));
}

describe('figures of grounding', () => {
  const truth: ToyTruth[] = [
    {
      image: 'a.jpg',
      caption: 'a cat, a dog and two men',
      expressions: [
        { text: 'a cat', boxes: [left] },
        { text: 'a dog', boxes: [left] },
        { text: 'two men', boxes: [left, right] },
      ],
    },
    { image: 'b.jpg', caption: 'a bird', expressions: [{ text: 'a bird', boxes: [] }] },
  ];
  const records: ToyRecord[] = [
    {
      image: 'a.jpg',
      caption: 'a cat, a dog and two men',
      expressions: [
        { text: 'a cat', found: [nearLeft] },
        { text: 'a dog', found: [left, right] },
        { text: 'two men', found: [partLeft] },
      ],
    },
    { image: 'b.jpg', caption: 'a bird', expressions: [{ text: 'a bird' }] },
  ];

  it('are what they are by hand', async () => {
    const values = valuesOf(await evaluate(records, truth));

    // Set IoU: cat 0.8; dog 1 of two found, 0.5; men 0.6 of two true, 0.3.
    expect(values.miou).toBeCloseTo((0.8 + 0.5 + 0.3) / 3, 14);
    expect(values.acc50).toBe(2 / 3);
    expect(values.acc75).toBe(1 / 3);
    expect(values.acc90).toBe(0);
    expect(values.precision).toBeCloseTo((1 + 1 / 2 + 1) / 3, 14);
    expect(values.recall).toBeCloseTo((1 + 1 + 1 / 2) / 3, 14);
    expect(values.f1).toBeCloseTo((1 + 2 / 3 + 2 / 3) / 3, 14);
    // Three of four boxes hit, three of four true boxes are hit.
    expect(values.box_precision).toBe(3 / 4);
    expect(values.box_recall).toBe(3 / 4);
    expect(values.absent_acc).toBe(1);
    expect(values.any_box_r1).toBe(1);
    // The box around both men is 300 × 100; 6000 of it are found.
    expect(values.merged_box_r1).toBe(2 / 3);
    // Cat and dog have one true box each, and their first box hits it.
    expect(values.refcoco_acc50).toBe(1);
    expect(values.no_answer).toBe(0);
    expect(values.coverage).toBe(1);
  });

  it('have no figures of extraction where phrases were given', async () => {
    const { mode, figures } = await evaluate(records, truth);

    expect(mode).toBe('grounding');
    expect(figures.map(({ id }) => id).filter((id) => id.startsWith('span_') || id.startsWith('matched_'))).toEqual([]);
  });

  it('list the worst sample first, with its worst expression', async () => {
    const { worst } = await evaluate(records, truth);

    expect(worst).toMatchObject([{ line: 1, expression: 'two men', iou: 0.3, truth: [left, right], note: '1 found, 2 true' }]);
  });

  it('use the box with the best score as the first', async () => {
    const record: ToyRecord = {
      image: 'a.jpg',
      caption: 'a cat',
      expressions: [
        {
          text: 'a cat',
          found: [
            { box: right, score: 0.3 },
            { box: left, score: 0.8 },
          ],
        },
      ],
    };

    const values = valuesOf(
      await evaluate([record], [{ image: 'a.jpg', caption: 'a cat', expressions: [{ text: 'a cat', boxes: [left] }] }]),
    );

    expect(values.refcoco_acc50).toBe(1);
  });

  it('join repeated phrases by their place', async () => {
    const caption = 'a man beside a man';
    const places = [
      { text: 'a man', span: [0, 5] as const },
      { text: 'a man', span: [13, 18] as const },
    ];
    const record: ToyRecord = {
      image: 'a.jpg',
      caption,
      expressions: [{ ...places[1], found: [right] } as never, { ...places[0], found: [left] } as never],
    };
    const line: ToyTruth = {
      image: 'a.jpg',
      caption,
      expressions: [{ ...places[0], boxes: [left] } as never, { ...places[1], boxes: [right] } as never],
    };

    expect(valuesOf(await evaluate([record], [line])).acc90).toBe(1);
  });

  it('leave average precision out for boxes without a score, with a note', async () => {
    const record: ToyRecord = { image: 'a.jpg', caption: 'a cat', expressions: [{ text: 'a cat', found: [{ box: left, score: null }] }] };

    const { figures } = await evaluate([record], [{ image: 'a.jpg', caption: 'a cat', expressions: [{ text: 'a cat', boxes: [left] }] }]);

    expect(figures.find(({ id }) => id === 'ap')).toMatchObject({ value: undefined, note: 'needs a score for every box; 1 have none' });
  });
});

describe('what got no answer', () => {
  const absent = (image: string): ToyTruth => ({ image, caption: 'a bird', expressions: [{ text: 'a bird', boxes: [] }] });
  const answer = (image: string, grounding?: string): ToyRecord => ({
    image,
    caption: 'a bird',
    expressions: [{ text: 'a bird', ...(grounding === undefined ? {} : { grounding }) }],
  });

  it.each(['unanswered', 'dropped'])('never counts as a right rejection: %s', async (grounding) => {
    const { figures } = await evaluate([answer('a.jpg'), answer('b.jpg', grounding)], [absent('a.jpg'), absent('b.jpg')]);

    expect(figures.find(({ id }) => id === 'absent_acc')).toMatchObject({ value: 0.5, of: 2, noAnswer: 0.5 });
    expect(figures.find(({ id }) => id === 'no_answer')).toMatchObject({ value: 0.5, of: 2 });
  });

  it('never counts as a right rejection: a failed sample', async () => {
    const failed = [failedLine(2, 'b.jpg', 'a bird')];

    const { figures, counts } = await evaluate([answer('a.jpg')], [absent('a.jpg'), absent('b.jpg')], { failed });

    expect(figures.find(({ id }) => id === 'absent_acc')).toMatchObject({ value: 0.5, of: 2, noAnswer: 0.5 });
    expect(counts).toMatchObject({ joined: 2, failed: 1 });
  });

  it("never counts another tool's empty list without a reason as a right rejection", async () => {
    const folder = tempFolder();
    const files = createDirectoryFiles(join(folder, 'tao'));
    const file = await files.create('annotations.jsonl');
    const expression = (instances: unknown[]) => ({ text: 'a bird', char_span: [0, 6], noun_chunk: 'bird', instances });
    for (const [image, instances] of [
      ['a.jpg', []],
      ['b.jpg', [{ bbox: [0, 0, 100, 100], bbox_score: 0.9 }]],
    ] as const)
      await file.write(
        `${JSON.stringify({ image_path: `/data/${image}`, caption: 'a bird', expressions: [expression([...instances])] })}\n`,
      );
    await file.close();
    const present = { image: 'b.jpg', caption: 'a bird', expressions: [{ text: 'a bird', boxes: [left] }] };

    const evaluation = await evaluateResults({ results: await openResults(files), truth: truthIn(folder, [absent('a.jpg'), present]) });

    expect(valuesOf(evaluation)).toMatchObject({ absent_acc: 0, no_answer: 0.5, acc50: 1 });
  });

  it('is wrong about present things, too', async () => {
    const truth: ToyTruth[] = ['a.jpg', 'b.jpg', 'c.jpg'].map((image) => ({
      image,
      caption: 'a bird',
      expressions: [{ text: 'a bird', boxes: [left] }],
    }));
    const found: ToyRecord = { image: 'a.jpg', caption: 'a bird', expressions: [{ text: 'a bird', found: [left] }] };

    const evaluation = await evaluate([found, answer('b.jpg', 'unanswered')], truth, { failed: [failedLine(3, 'c.jpg', 'a bird')] });

    expect(valuesOf(evaluation)).toMatchObject({ acc50: 1 / 3, miou: 1 / 3, recall: 1 / 3, no_answer: 2 / 3 });
    expect(evaluation.figures.find(({ id }) => id === 'acc50')?.noAnswer).toBe(2 / 3);
    expect(evaluation.worst.map(({ line, note }) => [line, note])).toEqual([
      [2, 'no usable answer'],
      [3, 'the sample failed: reply_unusable'],
    ]);
  });

  it('differs from a wrong answer: boxes for an absent thing', async () => {
    const wrong: ToyRecord = { image: 'a.jpg', caption: 'a bird', expressions: [{ text: 'a bird', found: [left] }] };

    const evaluation = await evaluate([wrong, answer('b.jpg')], [absent('a.jpg'), absent('b.jpg')]);

    expect(valuesOf(evaluation)).toMatchObject({ absent_acc: 0.5, box_precision: 0, no_answer: 0 });
    expect(evaluation.worst).toMatchObject([{ line: 1, iou: 0, note: 'not in the image, 1 found' }]);
  });
});

describe('figures end to end', () => {
  const caption = 'um we can see a red car near a tree and a bench';
  const truth: ToyTruth = {
    image: 'a.jpg',
    caption,
    expressions: [
      { text: 'a red car', boxes: [left] },
      { text: 'a tree', boxes: [right] },
      { text: 'a bench', boxes: [right] },
    ],
  };
  const record: ToyRecord = {
    image: 'a.jpg',
    caption,
    cleaned: 'A red car near a tree under the sky.',
    extracted: true,
    expressions: [
      { text: 'red car', found: [left] },
      { text: 'tree', found: [nearLeft] },
      { text: 'the sky', found: [right] },
    ],
  };

  it('join phrases by their place in the caption, and report those without a partner on both sides', async () => {
    const evaluation = await evaluate([record], [truth]);

    expect(evaluation.mode).toBe('end-to-end');
    expect(evaluation.counts).toMatchObject({ missed: 1, surplus: 1 });
    // Two of three phrases match on either side; of three true things one is found, of two matched phrases one.
    expect(valuesOf(evaluation)).toMatchObject({
      span_precision: 2 / 3,
      span_recall: 2 / 3,
      span_f1: 2 / 3,
      acc50: 1 / 3,
      matched_acc50: 1 / 2,
    });
  });

  it('are full for a perfect answer in a script that does not part its words', async () => {
    const chinese = '一只黑猫坐在红色沙发上';
    const found = { image: 'a.jpg', caption: chinese, cleaned: `${chinese}。`, extracted: true };
    const truths = ['黑猫', '红色沙发'].map((text) => ({ text, boxes: [left] }));

    const perfect = await evaluate(
      [{ ...found, expressions: truths.map(({ text, boxes }) => ({ text, found: boxes })) }],
      [{ image: 'a.jpg', caption: chinese, expressions: truths }],
    );

    expect(valuesOf(perfect)).toMatchObject({ span_f1: 1, acc50: 1, f1: 1 });
  });

  it('match a phrase only where half of both overlaps', async () => {
    const long: ToyRecord = {
      ...record,
      cleaned: 'A red car near a tree.',
      expressions: [{ text: 'A red car near a tree', found: [left] }],
    };

    expect(valuesOf(await evaluate([long], [truth]))).toMatchObject({ span_precision: 0, acc50: 0 });
  });

  it('count phrases that were never extracted as missed, not as unanswered', async () => {
    const none: ToyRecord = { ...record, expressions: [] };

    const values = valuesOf(await evaluate([none], [truth]));

    expect(values).toMatchObject({ acc50: 0, span_recall: 0 });
    expect(values).not.toHaveProperty('no_answer');
    expect(values).not.toHaveProperty('matched_acc50');
  });

  it('look a true phrase up where it comes without a span', async () => {
    const folder = tempFolder();
    const path = join(folder, 'truth.jsonl');
    writeLines(path, [JSON.stringify({ image_path: 'a.jpg', caption, expressions: [{ text: 'A tree', boxes: [nearLeft] }] })]);

    const evaluation = await evaluateResults({ results: await resultsIn(join(folder, 'r'), [record]), truth: path });

    expect(valuesOf(evaluation)).toMatchObject({ acc90: 1, span_recall: 1 });
  });
});

describe('joining results and truth', () => {
  const line = (image: string): ToyTruth => ({ image, caption: 'a cat', expressions: [{ text: 'a cat', boxes: [left] }] });
  const result = (image: string, box: Box = left): ToyRecord => ({
    image,
    caption: 'a cat',
    expressions: [{ text: 'a cat', found: [box] }],
  });

  it('does not depend on the order of the lines', async () => {
    const images = ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg'];
    const boxes = [left, nearLeft, partLeft, right];
    const records = images.map((image, index) => result(image, boxes[index]));

    const inOrder = await evaluate(records, images.map(line));
    const reversed = await evaluate(records.toReversed(), images.map(line));

    expect(valuesOf(reversed)).toEqual(valuesOf(inOrder));
  });

  it('counts lines on either side that have no partner', async () => {
    const { counts, figures } = await evaluate(
      [result('a.jpg'), result('x.jpg')],
      [line('a.jpg'), line('b.jpg'), line('c.jpg'), line('d.jpg')],
    );

    expect(counts).toMatchObject({ joined: 1, truthLines: 4, withoutTruth: 1 });
    expect(figures.find(({ id }) => id === 'coverage')).toMatchObject({ value: 0.25, of: 4 });
  });

  it('refuses a truth without a matching result, and shows the first line of both', async () => {
    await expect(evaluate([result('a.jpg')], [line('b.jpg')])).rejects.toThrow(
      /no result in .* matches a line of the truth .*"image_path":"a\.jpg".*"image_path":"b\.jpg"/s,
    );
  });

  it('counts failed lines once where they have a record too, as in output.compat=tao', async () => {
    const folder = tempFolder();
    const failedRecord = (image_path: string, caption: string) =>
      JSON.stringify({
        image_path,
        caption,
        expressions: [],
        pipeline_steps: ['step0_expression_extraction', 'step1_grounding'],
        status: 'failed',
      });
    const results = await resultsIn(folder, [], [failedLine(1, '', ''), failedLine(2, 'a.jpg', 'a cat')]);
    writeLines(join(folder, 'annotations.jsonl'), [
      failedRecord('', ''),
      failedRecord('a.jpg', 'a cat'),
      recordLine(result('b.jpg', right)),
    ]);

    const evaluation = await evaluateResults({ results, truth: truthIn(folder, [line('a.jpg'), line('b.jpg')]) });

    expect(evaluation).toMatchObject({ mode: 'grounding', counts: { joined: 2, failed: 1, withoutTruth: 0 } });
    expect(evaluation.worst.map(({ line: number, path }) => [number, path])).toEqual([
      [3, 'b.jpg'],
      [2, 'a.jpg'],
    ]);
  });

  it('numbers records by the lines that failed before them', async () => {
    const records = [result('b.jpg', right)];

    const { worst } = await evaluate(records, [line('a.jpg'), line('b.jpg')], { failed: [failedLine(1, 'a.jpg', 'a cat')] });

    expect(worst.map(({ line: number, path }) => [number, path])).toEqual([
      [2, 'b.jpg'],
      [1, 'a.jpg'],
    ]);
  });
});

describe('intervals and differences', () => {
  const images = Array.from({ length: 200 }, (_, index) => `${index}.jpg`);
  const truth = images.map((image): ToyTruth => ({ image, caption: 'a cat', expressions: [{ text: 'a cat', boxes: [left] }] }));
  const records = (right: (index: number) => boolean) =>
    images.map((image, index): ToyRecord => {
      return { image, caption: 'a cat', expressions: [{ text: 'a cat', found: [right(index) ? left : [500, 500, 600, 600]] }] };
    });

  it('are as wide as theory has it', async () => {
    const { figures } = await evaluate(
      records((index) => index % 4 !== 0),
      truth,
    );
    const { value, low = 0, high = 0 } = figures.find(({ id }) => id === 'acc50') ?? {};

    // Binomial: 1.96 · sqrt(0.75 · 0.25 / 200) = 0.060.
    expect(value).toBe(0.75);
    expect(low).toBeGreaterThan(0.75 - 0.075);
    expect(low).toBeLessThan(0.75 - 0.045);
    expect(high).toBeGreaterThan(0.75 + 0.045);
    expect(high).toBeLessThan(0.75 + 0.075);
  });

  it('are the same for the same seed', async () => {
    const some = records((index) => index % 4 !== 0);

    const [first, again, other] = [
      await evaluate(some, truth, { seed: 7 }),
      await evaluate(some, truth, { seed: 7 }),
      await evaluate(some, truth, { seed: 8 }),
    ];

    expect(again.figures).toEqual(first.figures);
    expect(other.figures).not.toEqual(first.figures);
  });

  it('are paired: two runs that differ in a few samples differ by a narrow interval', async () => {
    const folder = tempFolder();
    const against = await resultsIn(
      join(folder, 'other'),
      records((index) => index % 4 !== 0 && index > 10),
    );

    const { figures, common } = await evaluate(
      records((index) => index % 4 !== 0),
      truth,
      { against },
    );
    const difference = figures.find(({ id }) => id === 'acc50')?.difference;

    // 8 of the first 11 are right here and wrong there.
    expect(common).toBe(200);
    expect(difference?.value).toBeCloseTo(8 / 200, 14);
    expect(difference?.low).toBeGreaterThan(0);
    expect((difference?.high ?? 1) - (difference?.low ?? 0)).toBeLessThan(0.06);
  });

  it('compare only the lines that both runs have', async () => {
    const folder = tempFolder();
    const all = records((index) => index < 100);
    const against = await resultsIn(join(folder, 'other'), all.slice(50, 150));

    const { figures, common } = await evaluate(all, truth, { against });

    expect(common).toBe(100);
    expect(figures.find(({ id }) => id === 'acc50')).toMatchObject({ value: 0.5, of: 200, difference: { value: 0, low: 0, high: 0 } });
  });
});
