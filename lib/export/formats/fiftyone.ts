import type { Size } from '#core/box.ts';
import type { ExportBox, ExportFormat, ExportPhrase, ExportSample } from '../export-format.ts';
import { openJsonLists, roundCoordinates } from '../json-files.ts';
import { writeSmallFile } from '../write-small-file.ts';

/**
 * A FiftyOne dataset folder (`fo.Dataset.from_dir(…, dataset_type=fo.types.FiftyOneDataset)`):
 * one sample per caption, tagged with its split, boxes as shares of the upright picture.
 */
export const fiftyone: ExportFormat = {
  name: 'fiftyone',
  summary: 'FiftyOne dataset folder with scores, captions and spans',
  frame: 'upright',
  loader: 'FiftyOne',
  byImage: false,
  hasScores: true,
  hasCategories: true,
  refusesEmpty: false,
  imageFolder: () => 'data',
  async open({ files, splits, hasImages, categories }) {
    const samples = await openJsonLists(files, [{ name: 'all', share: 1 }], () => 'samples.json', {
      head: '{"samples": [',
      tail: '\n]}\n',
    });
    const tagged = splits.length > 1;
    return {
      async write(sample, split) {
        await samples.add('all', sampleEntry(sample, hasImages ? `data/${sample.image}` : sample.image, tagged ? [split] : []));
      },
      async close() {
        await samples.close();
        const info = { classes: categories.names, char_span: 'half-open, in code points of the caption' };
        await writeSmallFile(files.folder, 'metadata.json', `${JSON.stringify({ media_type: 'image', info }, null, 2)}\n`);
      },
      abort: () => samples.abort(),
    };
  },
};

function sampleEntry({ imageId, size, captions: [caption], phrases }: ExportSample, filepath: string, tags: readonly string[]) {
  return {
    filepath,
    tags,
    metadata: { _cls: 'ImageMetadata', width: size.width, height: size.height },
    image_id: typeof imageId === 'object' ? JSON.stringify(imageId) : String(imageId),
    caption,
    grounding: { _cls: 'Detections', detections: phrases.flatMap((phrase) => phrase.boxes.map((box) => detection(phrase, box, size))) },
  };
}

function detection({ text, span, category }: ExportPhrase, { box: [x1, y1, x2, y2], score }: ExportBox, { width, height }: Size) {
  const share = (pixels: number, total: number) => roundCoordinates(pixels / total, 8);
  return {
    _cls: 'Detection',
    label: category,
    bounding_box: [share(x1, width), share(y1, height), share(x2 - x1, width), share(y2 - y1, height)],
    ...(score === null ? {} : { confidence: score }),
    phrase: text,
    ...(span === undefined ? {} : { char_span: span }),
  };
}
