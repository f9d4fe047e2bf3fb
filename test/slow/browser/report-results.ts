import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawScene, photograph } from '#test/report/drawn-scenes.ts';

type Boxes = readonly (readonly [readonly [number, number, number, number], number | null])[];

interface KnownPhrase {
  readonly text: string;
  readonly boxes: Boxes;
  readonly grounding?: string;
  readonly note?: string;
}

export interface KnownSample {
  readonly id: string;
  readonly path: string;
  readonly caption: string;
  readonly cleaned: string;
  readonly phrases: readonly KnownPhrase[];
  readonly status?: 'ok' | 'partial';
}

/** One sample of every kind that filters separate, with known boxes. */
export const knownSamples: readonly KnownSample[] = [
  {
    id: 'nested',
    path: 'img/a.jpg',
    caption: 'um a man in a red hat 🎩 by the car',
    cleaned: '🎩 A man in a red hat by the car.',
    phrases: [
      { text: 'A man in a red hat', boxes: [[[40, 40, 240, 420], 0.97]] },
      { text: 'a red hat', boxes: [[[90, 50, 180, 120], 0.91]] },
      { text: 'the car', boxes: [[[320, 200, 620, 400], 0.88]] },
    ],
  },
  {
    id: 'absent',
    path: 'img/b.jpg',
    caption: 'a dog and a unicorn',
    cleaned: 'A dog and a unicorn.',
    phrases: [
      { text: 'A dog', boxes: [[[10, 10, 100, 100], 0.8]] },
      { text: 'a unicorn', boxes: [], grounding: 'absent' },
    ],
  },
  {
    id: 'unsure',
    path: 'img/c.jpg',
    caption: 'a cat on a mat',
    cleaned: 'A cat on a mat.',
    phrases: [
      { text: 'A cat', boxes: [[[10, 10, 200, 200], 0.21]] },
      { text: 'a mat', boxes: [], grounding: 'unanswered' },
    ],
    status: 'partial',
  },
  {
    id: 'crowd',
    path: 'img/a.jpg',
    caption: 'six people',
    cleaned: 'Six people.',
    phrases: [{ text: 'Six people', boxes: [0, 1, 2, 3, 4, 5].map((place) => [[place * 100, 50, place * 100 + 80, 300], null] as const) }],
  },
  {
    id: 'boxless',
    path: 'img/b.jpg',
    caption: 'a ghost',
    cleaned: 'A ghost.',
    phrases: [{ text: 'A ghost', boxes: [], grounding: 'dropped', note: 'its box was outside the picture' }],
  },
];

export const knownFailure = {
  image_path: 'img/c.jpg',
  caption: 'a picture nobody could read',
  image_id: 'failed-one',
  _groundline: {
    line: 6,
    image_base: '.',
    step: 'step_1',
    code: 'reply_unusable',
    message: 'the reply holds no boxes',
    attempts: 2,
    reply_head: 'Sorry, I cannot <b>see</b> it',
  },
};

/** An evaluation that finds fault with two samples. */
export const knownEvaluation = {
  truth: 'truth.jsonl',
  figures: [
    { name: 'Accuracy at IoU 0.5', value: 0.75, low: 0.7, high: 0.8 },
    { name: 'Parse failures', value: '0 of 6', note: 'never counted as right' },
  ],
  worst: [
    { id: 'nested', expression: 'the car', iou: 0.31, truth: [[300, 180, 600, 380]] },
    { line: 3, expression: 'A cat', iou: 0.05, note: 'the box is too large' },
  ],
};

export function recordOf({ id, path, caption, cleaned, phrases, status = 'ok' }: KnownSample) {
  const spanOf = (text: string) => {
    const start = [...cleaned.slice(0, cleaned.indexOf(text))].length;
    return [start, start + [...text].length];
  };
  const expressions = phrases.map(({ text, boxes, grounding = 'found', note }, index) => ({
    text,
    expression_id: `expr_${id}_${index}`,
    char_span: spanOf(text),
    noun_chunk: text.split(' ').at(-1),
    grounding,
    ...(note === undefined ? {} : { note }),
    instances: boxes.map(([bbox, score], box) => ({ bbox, score, bbox_id: `box_${id}_${index}_${box}` })),
  }));
  const steps = ['step0_expression_extraction', 'step1_grounding'];
  return {
    image_path: path,
    caption,
    image_id: id,
    width: 640,
    height: 440,
    cleaned_caption: cleaned,
    expressions,
    source: 'image_grounding',
    pipeline_steps: steps,
    status,
  };
}

/** Writes results with their pictures into a folder. */
export async function writeKnownResults(
  folder: string,
  samples = knownSamples,
  failures: readonly object[] = [knownFailure],
): Promise<void> {
  const lines = (values: readonly object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');
  await mkdir(join(folder, 'img'), { recursive: true });
  for (const [index, path] of [...new Set(samples.map(({ path }) => path)), 'img/c.jpg'].entries()) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), await photograph(drawScene(index + 1)));
  }
  await writeFile(join(folder, 'annotations.jsonl'), lines(samples.map(recordOf)));
  await writeFile(join(folder, 'failed.jsonl'), lines(failures));
  await writeFile(join(folder, 'evaluation.json'), JSON.stringify(knownEvaluation));
}
