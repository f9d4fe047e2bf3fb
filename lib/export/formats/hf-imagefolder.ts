import type { ExportFormat, ExportSample } from '../export-format.ts';
import { openSplitFiles, roundCoordinates } from '../json-files.ts';

/**
 * Hugging Face `imagefolder`: one folder per split with its images and `metadata.jsonl`.
 * One row per caption, boxes as x, y, width, height, spans in code points.
 */
export const hfImagefolder: ExportFormat = {
  name: 'hf-imagefolder',
  summary: 'Hugging Face image folder with metadata.jsonl',
  frame: 'upright',
  loader: 'datasets.Image',
  byImage: false,
  hasScores: true,
  hasCategories: true,
  refusesEmpty: false,
  needsImages: true,
  imageFolder: (split) => split,
  async open({ files, splits }) {
    const lines = await openSplitFiles(files, splits, (split) => `${split}/metadata.jsonl`);
    return {
      ...lines,
      async write(sample, split) {
        await lines.write(split, `${JSON.stringify(row(sample))}\n`);
      },
    };
  },
};

function row({ image, imageId, size, captions: [caption], phrases }: ExportSample) {
  const boxes = phrases.flatMap(({ text, span, category, boxes }) => boxes.map((box) => ({ ...box, text, span, category })));
  return {
    file_name: image,
    // a column has one type
    image_id: typeof imageId === 'object' ? JSON.stringify(imageId) : String(imageId),
    width: size.width,
    height: size.height,
    caption,
    objects: {
      bbox: boxes.map(({ box: [x1, y1, x2, y2] }) => [x1, y1, roundCoordinates(x2 - x1, 4), roundCoordinates(y2 - y1, 4)]),
      categories: boxes.map(({ category }) => category),
      phrases: boxes.map(({ text }) => text),
      spans: boxes.map(({ span }) => span ?? null),
      scores: boxes.map(({ score }) => score),
    },
  };
}
