import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportFormats } from '#export/export-formats.ts';
import { storedBox, storedSize } from '#export/frame.ts';
import { exportFrom, formatOf } from './export-known.ts';
import { knownImages, knownSamples, writeKnownResults } from './known-results.ts';
import { type ReadBox, readers } from './read-back.ts';
import { tempFolderUntilEnd } from './temp-folder-until-end.ts';

const folder = tempFolderUntilEnd();
beforeAll(() => writeKnownResults(folder));

/** The expected content of each format, by its own rules, in the frame of the export. */
function expected(name: string, frame: 'upright' | 'stored'): ReadBox[] {
  const { hasCategories, hasScores, byImage } = formatOf(name);
  return knownSamples.flatMap(({ image, phrases }, index) =>
    phrases.flatMap(({ text, noun, boxes }) =>
      boxes.flatMap(([box, score]): ReadBox[] => {
        // The second caption's box overlaps the first one's, with a lower score and the same category.
        if (byImage && index === 3 && noun === 'box') return [];
        const label = hasCategories ? noun.toLowerCase() : text;
        const pixels = frame === 'upright' ? box : storedBox(box, image.size, image.orientation);
        return [{ image: image.path, label, box: pixels, score: hasScores ? (score ?? undefined) : undefined, spanned: text }];
      }),
    ),
  );
}

const sizes = (frame: 'upright' | 'stored') =>
  Object.fromEntries(knownImages.map(({ path, size, orientation }) => [path, frame === 'upright' ? size : storedSize(size, orientation)]));

/** In an order that does not depend on the format's, pixels rounded to `precision`. */
function comparable(boxes: readonly ReadBox[], withSpans: boolean) {
  return boxes
    .map(({ image, label, score, spanned }) => ({ image, label, score: score ?? undefined, spanned: withSpans ? spanned : undefined }))
    .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}

const precision: Readonly<Record<string, number>> = { 'llava-grounding': 0.05 };
const spans = ['odvg-mmdet', 'label-studio', 'fiftyone', 'hf-imagefolder'];

describe.each(exportFormats.map(({ name }) => name))('%s, read back', (name) => {
  it.each(['upright', 'stored'] as const)('has every box in the pixels of the %s frame, with labels, scores and spans', async (frame) => {
    const { out } = await exportFrom(folder, name, { frame });
    const split = ['yolo', 'voc', 'hf-imagefolder'].includes(name) ? 'train' : 'annotations';

    const read = readers[name]?.(out, split, sizes(frame)) ?? [];
    const images = name === 'voc' ? (path: string) => path.split('/').at(-1) : (path: string) => path;
    const wanted = expected(name, frame).map((box) => ({ ...box, image: images(box.image) ?? '' }));
    expect(comparable(read, spans.includes(name))).toEqual(comparable(wanted, spans.includes(name)));
    for (const { image, label, box } of wanted) {
      const near = read.filter((one) => one.image === image && one.label === label);
      const off = Math.min(
        ...near.map((one) => Math.max(...one.box.map((corner, place) => Math.abs(corner - (box[place] ?? Number.NaN))))),
      );
      expect(off, `${image} ${label}`).toBeLessThanOrEqual(precision[name] ?? 0.001);
    }
  });

  it('is the same bytes on every run', async () => {
    const [first, second] = [await exportFrom(folder, name), await exportFrom(folder, name)];

    expect(await treeOf(first.out)).toEqual(await treeOf(second.out));
  });
});

async function treeOf(out: string): Promise<Record<string, string>> {
  const { readdir, readFile } = await import('node:fs/promises');
  const entries = await readdir(out, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(await Promise.all(files.map(async (file) => [file.slice(out.length), await readFile(file, 'utf8')])));
}
