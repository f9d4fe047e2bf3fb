import { z } from 'zod';
import type { Box } from '#core/box.ts';
import { UsageError } from '#core/errors.ts';
import { BoxNumbers, fromCorner, hasArea } from '../boxes.ts';
import { createSlicer } from '../find-spans.ts';
import {
  type CaptionSpan,
  type ImportedExpression,
  type ImportedSample,
  type LeftOut,
  leaveOut,
  type ReadOptions,
} from '../imported-sample.ts';
import { jsonElements } from '../json-elements.ts';
import { parseEntry } from '../parse-entry.ts';

const id = z.union([z.number(), z.string()]);
const span = z.tuple([z.int(), z.int()]);
const size = z.coerce.number().positive().optional().catch(undefined);
const MdetrImage = z.object({
  id,
  file_name: z.string(),
  caption: z.string(),
  width: size,
  height: size,
  /** Each evaluated phrase with its spans; only in validation files. */
  tokens_positive_eval: z.array(z.array(span)).optional(),
});
const MdetrAnnotation = z.object({ image_id: id, bbox: BoxNumbers, tokens_positive: z.array(span).default([]) });
type MdetrImage = z.infer<typeof MdetrImage>;

export interface MdetrAnnotation {
  readonly box: Box;
  readonly spans: readonly CaptionSpan[];
}

/**
 * MDETR's COCO-like JSON: each annotation is a box with the caption spans that name it.
 * A span is a phrase; `tokens_positive_eval` lists the evaluated ones.
 */
export async function* readMdetr(source: string, _: ReadOptions, leftOut: LeftOut): AsyncGenerator<ImportedSample> {
  for await (const { image, annotations } of mdetrImages(source, leftOut)) {
    const slice = createSlicer(image.caption);
    const phrases = new Map<string, { text: string; span: CaptionSpan; boxes: Box[] }>();
    for (const [start, end] of image.tokens_positive_eval?.flatMap((spans) => spans.slice(0, 1)) ?? []) {
      const text = slice([start, end]);
      if (text) phrases.set(`${start},${end}`, { text, span: [start, end], boxes: [] });
    }
    const chosen = phrases.size > 0;
    for (const { box, spans } of annotations)
      for (const one of spans) {
        const text = slice(one);
        const known = phrases.get(one.join());
        if (known) known.boxes.push(box);
        else if (text === undefined) leaveOut(leftOut, 'phrases outside their caption');
        else if (!chosen) phrases.set(one.join(), { text, span: one, boxes: [box] });
      }
    const boxed = [...phrases.values()].filter(({ boxes }) => boxes.length > 0);
    leaveOut(leftOut, 'phrases without a box', phrases.size - boxed.length);
    const expressions: ImportedExpression[] = boxed.sort((a, b) => a.span[0] - b.span[0] || a.span[1] - b.span[1]);
    if (expressions.length === 0) leaveOut(leftOut, 'captions without a boxed phrase');
    else yield { ...composeMdetrSample(image), expressions };
  }
}

export function composeMdetrSample({ file_name: fileName, caption, width, height }: MdetrImage): Omit<ImportedSample, 'expressions'> {
  return { fileName, caption, ...(width && height ? { width, height } : {}) };
}

/** Images in the order of the file, each with its boxes. */
export async function* mdetrImages(
  source: string,
  leftOut: LeftOut,
): AsyncGenerator<{ image: MdetrImage; annotations: readonly MdetrAnnotation[] }> {
  const images: MdetrImage[] = [];
  const annotations = new Map<string | number, MdetrAnnotation[]>();
  for await (const { list, value } of jsonElements(source, ['images', 'annotations'])) {
    if (list === 'images') {
      images.push(parseEntry(MdetrImage, value, source, list));
      continue;
    }
    const { image_id, bbox, tokens_positive: spans } = parseEntry(MdetrAnnotation, value, source, list);
    const box = fromCorner(bbox);
    if (!hasArea(box)) {
      leaveOut(leftOut, 'boxes without area');
      continue;
    }
    const known = annotations.get(image_id);
    if (known) known.push({ box, spans });
    else annotations.set(image_id, [{ box, spans }]);
  }
  if (images.length === 0)
    throw new UsageError(`${source} is not an MDETR file: expected an object with "images" that have captions, and "annotations"`);
  for (const image of images) yield { image, annotations: annotations.get(image.id) ?? [] };
}
