import { stringify } from 'yaml';
import type { ExportFormat, ExportSample } from '../export-format.ts';
import { roundCoordinates } from '../json-files.ts';
import { writeSmallFile } from '../write-small-file.ts';

/** YOLO labels for Ultralytics: one text file per image with class, centre and size as shares of the upright picture, and a `data.yaml`. */
export const yolo: ExportFormat = {
  name: 'yolo',
  summary: 'YOLO label files and data.yaml, as Ultralytics reads them',
  frame: 'upright',
  loader: 'Ultralytics',
  labelFiles: 'nested',
  byImage: true,
  hasScores: false,
  hasCategories: true,
  refusesEmpty: false,
  needsImages: true,
  imageFolder: (split) => `images/${split}`,
  async open({ files, splits, categories }) {
    return {
      async write(sample, split) {
        const lines = labelLines(sample, (category) => categories.idOf(category));
        await writeSmallFile(files.folder, `labels/${split}/${sample.stem}.txt`, lines.join(''));
      },
      async close() {
        const names = splits.map(({ name }) => name);
        await writeSmallFile(files.folder, 'data.yaml', stringify(dataFile(names, categories.names)));
      },
      abort: async () => {},
    };
  },
};

function labelLines({ phrases, size: { width, height } }: ExportSample, idOf: (category: string) => number): string[] {
  return phrases.flatMap(({ category, boxes }) =>
    boxes.map(({ box: [x1, y1, x2, y2] }) => {
      const shares = [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height];
      return `${idOf(category)} ${shares.map((share) => roundCoordinates(share, 6)).join(' ')}\n`;
    }),
  );
}

/** Ultralytics needs a `train` and a `val`; by default these are the first and the last split. Without `path`, paths begin at this file's folder. */
function dataFile(splits: readonly string[], names: readonly string[]) {
  const folder = (split: string | undefined) => `images/${split}`;
  return {
    train: folder(splits.includes('train') ? 'train' : splits[0]),
    val: folder(splits.includes('val') ? 'val' : splits.at(-1)),
    ...Object.fromEntries(splits.filter((split) => split !== 'train' && split !== 'val').map((split) => [split, folder(split)])),
    names: new Map(names.entries()),
  };
}
