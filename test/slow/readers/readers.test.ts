import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportFormats } from '#export/export-formats.ts';
import { exportFrom, formatOf } from '#test/export/export-known.ts';
import { knownImages, knownSamples, writeKnownResults } from '#test/export/known-results.ts';
import { tempFolderUntilEnd } from '#test/export/temp-folder-until-end.ts';
import { hasPython, makePython, type PythonBox, readWithPython } from './python-readers.ts';

const folder = tempFolderUntilEnd();
beforeAll(() => writeKnownResults(folder));

/** Of a box, by the format's own precision where that is coarser. */
const tolerance = (format: string) => (format === 'llava-grounding' ? 0.05 : 0.01);

/** Labels and scores that have to come back, in the order of their texts. */
function wanted(format: string): string[] {
  const { hasCategories, hasScores, byImage } = formatOf(format);
  return knownSamples
    .flatMap(({ phrases }, index) =>
      phrases.flatMap(({ text, noun, boxes }) =>
        boxes
          .filter(() => !(byImage && index === 3 && noun === 'box'))
          .map(([, score]) => `${hasCategories ? noun.toLowerCase() : text} ${hasScores ? score : null}`),
      ),
    )
    .sort();
}

/** Expects a box on the red object of each picture, in the pixels that the loader returns. */
function expectRedIsFound(format: string, boxes: readonly PythonBox[]): void {
  const pictures = Map.groupBy(boxes, ({ image, size, red }) => `${format === 'hf-imagefolder' ? '' : image} ${size} ${red}`);
  expect(pictures.size).toBe(knownImages.length);
  for (const [picture, found] of pictures) {
    const off = found.map(({ box, red }) => Math.max(...box.map((corner, place) => Math.abs(corner - (red[place] ?? Number.NaN)))));
    expect(Math.min(...off), picture).toBeLessThanOrEqual(tolerance(format));
  }
}

describe.skipIf(!hasPython)('in Python (needs python3 with venv)', () => {
  describe.each(exportFormats.map(({ name }) => name))('%s', (format) => {
    let python: string;
    beforeAll(async () => {
      python = await makePython(format === 'fiftyone' ? 'requirements-fiftyone.txt' : 'requirements.txt');
    }, 900_000);

    it.each(['copy', 'link'] as const)(
      'is read by its own reader with images as %s: every box, label and score, in the pixels that its loader sees',
      async (images) => {
        const { out } = await exportFrom(folder, format, { images });

        const { boxes, ...more } = await readWithPython(python, format, out, join(folder, 'cache'));
        expect(boxes.map(({ label, score }) => `${label} ${score}`).sort()).toEqual(wanted(format));
        expectRedIsFound(format, boxes);
        expect(more).toMatchObject(alsoWanted[format] ?? {});
      },
    );
  });
});

/** Values that some readers output in addition to the boxes. */
const alsoWanted: Readonly<Record<string, Record<string, unknown>>> = {
  odvg: { texts: ['A red box . "two" dogs .', 'roter Kasten .', 'the red box .', 'A box . big dog .', 'a red box .'] },
  coco: { ap: 1 },
  'hf-imagefolder': { rows: knownSamples.length, columns: ['image', 'image_id', 'width', 'height', 'caption', 'objects'] },
  fiftyone: { classes: ['box', 'dogs', 'kasten', 'dog'] },
};
