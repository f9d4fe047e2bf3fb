import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Box } from '#core/box.ts';
import { drawTurned } from './turned-image.ts';

export interface KnownImage {
  readonly path: string;
  readonly size: { readonly width: number; readonly height: number };
  readonly orientation: number;
  /** Of the one red thing in the upright picture. */
  readonly red: Box;
}

/** Equal stems in two folders, and stored turned in three ways. */
export const knownImages: readonly KnownImage[] = [
  { path: 'img/a.jpg', size: { width: 96, height: 64 }, orientation: 1, red: [8, 16, 40, 24] },
  { path: 'img/b b.jpg', size: { width: 64, height: 96 }, orientation: 6, red: [16, 8, 24, 80] },
  { path: 'other/a.jpg', size: { width: 96, height: 64 }, orientation: 3, red: [48, 40, 96, 64] },
  { path: 'img/c.jpg', size: { width: 56, height: 88 }, orientation: 8, red: [0, 0, 16, 16] },
];

interface KnownPhrase {
  readonly text: string;
  readonly noun: string;
  readonly boxes: readonly (readonly [Box, number | null])[];
  readonly grounding?: 'absent' | 'unanswered';
}

export interface KnownSample {
  readonly image: KnownImage;
  readonly caption: string;
  readonly phrases: readonly KnownPhrase[];
}

const [a, b, otherA, c] = knownImages as [KnownImage, KnownImage, KnownImage, KnownImage];

/** In file order; the fourth line is another caption of the first image. */
export const knownSamples: readonly KnownSample[] = [
  {
    image: a,
    caption: '🟥 A red box & "two" dogs, a dog.',
    phrases: [
      { text: 'A red box', noun: 'box', boxes: [[a.red, 0.9123]] },
      {
        text: '"two" dogs',
        noun: 'dogs',
        boxes: [
          [[0, 0, 10, 10], 0.8],
          [[50, 30, 61, 47], 0.7],
        ],
      },
      { text: 'a dog', noun: 'Dog', boxes: [], grounding: 'absent' },
    ],
  },
  { image: b, caption: 'Ein roter Kasten <neben> 😀 Bäumen', phrases: [{ text: 'roter Kasten', noun: 'Kasten', boxes: [[b.red, 0.5]] }] },
  {
    image: otherA,
    caption: 'the red box and the cat',
    phrases: [
      { text: 'the red box', noun: 'box', boxes: [[otherA.red, null]] },
      { text: 'the cat', noun: 'cat', boxes: [], grounding: 'unanswered' },
    ],
  },
  {
    image: a,
    caption: 'A box, seen again by a big dog',
    phrases: [
      { text: 'A box', noun: 'box', boxes: [[[8, 16, 40, 24], 0.4]] },
      { text: 'big dog', noun: 'dog', boxes: [[[70, 5, 90, 60], 0.95]] },
    ],
  },
  { image: c, caption: 'nothing to see but a red box', phrases: [{ text: 'a red box', noun: 'box', boxes: [[c.red, 1]] }] },
  { image: c, caption: 'no unicorn here', phrases: [{ text: 'unicorn', noun: 'unicorn', boxes: [], grounding: 'absent' }] },
];

/** The record of a sample as a run writes it. */
export function recordOf({ image, caption, phrases }: KnownSample, index: number) {
  const points = Array.from(caption);
  return {
    image_path: image.path,
    caption: `um ${caption}`,
    image_id: index === 1 ? 7 : `sample ${index}`,
    ...image.size,
    ...(image.orientation > 1 ? { orientation: image.orientation } : {}),
    cleaned_caption: caption,
    expressions: phrases.map(({ text, noun, boxes, grounding }, place) => {
      const start = points.findIndex((_, at) => points.slice(at).join('').startsWith(text));
      return {
        text,
        expression_id: `expr_${index}_${place}`,
        char_span: [start, start + Array.from(text).length],
        noun_chunk: noun,
        grounding: grounding ?? 'found',
        instances: boxes.map(([bbox, score], box) => ({ bbox, score, bbox_id: `box_${index}_${place}_${box}` })),
      };
    }),
    source: 'image_grounding',
    pipeline_steps: ['step0_expression_extraction', 'step1_grounding'],
    status: phrases.some(({ grounding }) => grounding === 'unanswered') ? 'partial' : 'ok',
  };
}

const failed = {
  image_path: 'img/gone.jpg',
  caption: 'gone',
  image_id: 'gone',
  _groundline: { line: 7, image_base: '.', step: 'step_0', code: 'image_not_found', message: 'not there', attempts: 1 },
};

/** Writes the known samples as a finished run leaves them, their images below `folder`. */
export async function writeKnownResults(folder: string): Promise<void> {
  for (const { path, size, red, orientation } of knownImages) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), await drawTurned(size, red, orientation));
  }
  await writeRecords(folder, knownSamples.map(recordOf));
  await writeFile(join(folder, 'failed.jsonl'), `${JSON.stringify(failed)}\n`);
}

export async function writeRecords(folder: string, records: readonly unknown[]): Promise<void> {
  await writeFile(join(folder, 'annotations.jsonl'), records.map((record) => `${JSON.stringify(record)}\n`).join(''));
}
