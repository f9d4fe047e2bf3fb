import { appendFile } from '../append-file.ts';
import type { ExportFormat, ExportSample } from '../export-format.ts';
import { openJsonLists, roundCoordinates } from '../json-files.ts';

/**
 * COCO instances: one entry per image, boxes as x, y, width, height, contiguous category ids, and a score per box.
 * An image with one caption has it as a field, and its annotations have `tokens_positive` in code points, as in MDETR's and TAO's COCO files.
 */
export const coco: ExportFormat = {
  name: 'coco',
  summary: 'COCO instances with scores, categories from noun chunks',
  extension: '.json',
  frame: 'stored',
  loader: "torchvision's CocoDetection",
  byImage: true,
  hasScores: true,
  hasCategories: true,
  refusesEmpty: false,
  imageFolder: () => 'images',
  async open({ files, splits, fileStem, categories, firstCategoryId }) {
    const pathOf = (split: string) => `${fileStem(split)}.json`;
    const spoolOf = (split: string) => `.annotations-${split}`;
    const images = await openJsonLists(files, splits, pathOf, { head: '{"images": [', tail: '' });
    const annotations = await openJsonLists(files, splits, spoolOf, { head: '\n],\n"annotations": [', tail: '\n],\n' }).catch(
      async (error) => {
        await images.abort();
        throw error;
      },
    );
    const counts = new Map(splits.map(({ name }) => [name, { images: 0, annotations: 0 }]));
    return {
      async write(sample, split) {
        const count = counts.get(split) ?? { images: 0, annotations: 0 };
        const id = ++count.images;
        await images.add(split, imageEntry(sample, id));
        for (const annotation of composeAnnotations(sample)) {
          const entry = { id: ++count.annotations, image_id: id, category_id: categories.idOf(annotation.category) + firstCategoryId };
          await annotations.add(split, { ...entry, ...annotation.fields });
        }
      },
      async close() {
        await images.close();
        await annotations.close();
        const list = categories.names.map((name, id) => JSON.stringify({ id: id + firstCategoryId, name }));
        const tail = `"categories": [\n${list.join(',\n')}\n]}\n`;
        for (const { name } of splits) await appendFile(files.folder, spoolOf(name), pathOf(name), tail);
      },
      async abort() {
        await images.abort();
        await annotations.abort();
      },
    };
  },
};

function imageEntry({ image, imageId, size, captions }: ExportSample, id: number) {
  const entry = { id, file_name: image, width: size.width, height: size.height, source_id: imageId };
  return captions.length === 1 ? { ...entry, caption: captions[0] } : entry;
}

function composeAnnotations({ phrases, captions }: ExportSample) {
  return phrases.flatMap(({ text, span, category, boxes }) =>
    boxes.map(({ box: [x1, y1, x2, y2], score }) => {
      const [width, height] = [roundCoordinates(x2 - x1, 4), roundCoordinates(y2 - y1, 4)];
      const place = captions.length === 1 && span !== undefined ? { tokens_positive: [span] } : {};
      return {
        category,
        fields: {
          bbox: [x1, y1, width, height],
          area: roundCoordinates(width * height, 4),
          iscrowd: 0,
          ...(score === null ? {} : { score }),
          phrase: text,
          ...place,
        },
      };
    }),
  );
}
