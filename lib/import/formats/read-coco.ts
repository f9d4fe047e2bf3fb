import { z } from 'zod';
import { UsageError } from '#core/errors.ts';
import { hashText } from '#core/hash-text.ts';
import { createSeededRandom } from '#core/seeded-random.ts';
import { BoxNumbers, fromCorner, hasArea } from '../boxes.ts';
import { listCaption } from '../find-spans.ts';
import { type ImportedSample, type LeftOut, leaveOut, type ReadOptions } from '../imported-sample.ts';
import { jsonElements } from '../json-elements.ts';
import { parseEntry } from '../parse-entry.ts';

const id = z.union([z.number(), z.string()]);
const CocoImage = z.object({ id, file_name: z.string(), width: z.number().optional(), height: z.number().optional() });
const CocoAnnotation = z.object({ image_id: id, category_id: id, bbox: BoxNumbers, iscrowd: z.number().default(0) });
const CocoCategory = z.object({ id, name: z.string() });
type Id = z.infer<typeof id>;

/** The boxes of an image: category, then x, y, width, height, and whether it is a crowd. Flat, since there are millions. */
type FlatBoxes = number[];

/**
 * COCO instances and files of the same form: one line per image. Its caption lists the image's categories, plus `absent` ones that are not in it.
 * A category with a crowd region in the image is left out, because not all of its things have boxes.
 */
export async function* readCoco(source: string, options: ReadOptions, leftOut: LeftOut): AsyncGenerator<ImportedSample> {
  const { images, boxes, names, categories } = await readInstances(source);
  for (const { id: imageId, file_name: fileName, width, height } of images) {
    const flat = boxes.get(imageId) ?? [];
    const byCategory = new Map<number, ImportedSample['expressions'][number]['boxes'][number][]>();
    const crowded = new Set<number>();
    for (let at = 0; at < flat.length; at += 6) {
      const [category = 0, x = 0, y = 0, w = 0, h = 0, crowd = 0] = flat.slice(at, at + 6);
      const box = fromCorner([x, y, w, h]);
      if (crowd === 1) crowded.add(category);
      else if (hasArea(box)) byCategory.set(category, [...(byCategory.get(category) ?? []), box]);
      else leaveOut(leftOut, 'boxes without area');
    }
    for (const category of crowded) byCategory.delete(category);
    leaveOut(leftOut, 'categories with a crowd region', crowded.size);
    const without = categories.keys().filter((category) => !byCategory.has(category) && !crowded.has(category));
    const absent = drawPhrase([...without], options.absent, hashText(String(imageId), options.seed));
    const asked = [...byCategory.keys(), ...absent].sort((a, b) => a - b);
    if (asked.length === 0) {
      leaveOut(leftOut, 'images without boxes');
      continue;
    }
    const { caption, spans } = listCaption(asked.map((category) => names[category] ?? ''));
    const expressions = asked.map((category, index) => ({
      text: names[category] ?? '',
      span: spans[index] ?? ([0, 0] as const),
      boxes: byCategory.get(category) ?? [],
    }));
    yield { fileName, caption, imageId, ...(width && height ? { width, height } : {}), expressions };
  }
}

async function readInstances(source: string) {
  const images: z.infer<typeof CocoImage>[] = [];
  const boxes = new Map<Id, FlatBoxes>();
  const names: string[] = [];
  const indexById = new Map<Id, number>();
  const waiting = new Map<Id, number>();
  /** COCO's own files list categories after the annotations, so each gets its number at its first use. */
  const place = (category: Id) => {
    const before = waiting.get(category);
    if (before === undefined) waiting.set(category, waiting.size);
    return before ?? waiting.size - 1;
  };
  for await (const { list, value } of jsonElements(source, ['images', 'annotations', 'categories'])) {
    if (list === 'images') images.push(parseEntry(CocoImage, value, source, list));
    else if (list === 'categories') {
      const { id: category, name } = parseEntry(CocoCategory, value, source, list);
      indexById.set(category, names.length);
      names.push(name);
    } else {
      const { image_id, category_id, bbox, iscrowd } = parseEntry(CocoAnnotation, value, source, list);
      const flat = boxes.get(image_id) ?? [];
      flat.push(place(category_id), ...bbox, iscrowd);
      boxes.set(image_id, flat);
    }
  }
  if (images.length === 0 || names.length === 0)
    throw new UsageError(`${source} is not a COCO file: expected an object with "images", "annotations" and "categories"`);
  const final = [...waiting.keys()].map((category) => indexById.get(category));
  const unknown = final.indexOf(undefined);
  if (unknown >= 0) throw new UsageError(`${source}: category ${[...waiting.keys()][unknown]} of an annotation is not among "categories"`);
  for (const flat of boxes.values()) for (let at = 0; at < flat.length; at += 6) flat[at] = final[flat[at] ?? 0] ?? 0;
  return { images, boxes, names, categories: new Map(names.map((name, index) => [index, name])) };
}

function drawPhrase(from: number[], count: number, seed: number): number[] {
  const random = createSeededRandom(seed);
  for (let index = 0; index < Math.min(count, from.length); index++) {
    const other = index + Math.floor(random() * (from.length - index));
    [from[index], from[other]] = [from[other] ?? 0, from[index] ?? 0];
  }
  return from.slice(0, count);
}
