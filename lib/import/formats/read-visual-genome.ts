import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Box } from '#core/box.ts';
import { hasArea } from '../boxes.ts';
import { listCaption } from '../find-spans.ts';
import { type ImportedSample, type LeftOut, leaveOut, type ReadOptions } from '../imported-sample.ts';
import { jsonList } from '../json-elements.ts';
import { parseEntry } from '../parse-entry.ts';

const number = z.number();
const VisualGenomeImage = z.object({
  id: z.number().optional(),
  image_id: z.number().optional(),
  regions: z.array(z.object({ image_id: z.number().optional(), phrase: z.string(), x: number, y: number, width: number, height: number })),
});

/** Visual Genome's `region_descriptions.json`: the region phrases of an image, several per line; equal phrases become one with several boxes. */
export async function* readVisualGenome(
  source: string,
  { images, phrasesPerLine }: ReadOptions,
  leftOut: LeftOut,
): AsyncGenerator<ImportedSample> {
  for await (const value of jsonList(source)) {
    const { id, image_id, regions } = parseEntry(VisualGenomeImage, value, source, 'images');
    const imageId = image_id ?? id ?? regions[0]?.image_id;
    const phrases = new Map<string, { text: string; boxes: Box[] }>();
    for (const { phrase, x, y, width, height } of regions) {
      const text = phrase
        .replace(/\s+/g, ' ')
        .trim()
        .replace(/[.\s]+$/, '');
      const box: Box = [x, y, x + width, y + height];
      if (text === '' || !hasArea(box)) {
        leaveOut(leftOut, 'regions without text or area');
        continue;
      }
      const known = phrases.get(text.toLowerCase());
      if (known) known.boxes.push(box);
      else phrases.set(text.toLowerCase(), { text, boxes: [box] });
    }
    if (imageId === undefined || phrases.size === 0) {
      leaveOut(leftOut, 'images without regions');
      continue;
    }
    const fileName = readFileName(imageId, images);
    const all = [...phrases.values()];
    for (let from = 0; from < all.length; from += phrasesPerLine) {
      const some = all.slice(from, from + phrasesPerLine);
      const { caption, spans } = listCaption(some.map(({ text }) => text));
      yield { fileName, caption, imageId, expressions: some.map((one, index) => ({ ...one, span: spans[index] ?? [0, 0] })) };
    }
  }
}

/** The images come in two archives, so the disk decides the folder of an image. */
function readFileName(imageId: number, images: string | undefined): string {
  const name = `${imageId}.jpg`;
  const folder = images && ['VG_100K', 'VG_100K_2'].find((one) => existsSync(join(images, one, name)));
  return folder ? `${folder}/${name}` : name;
}
