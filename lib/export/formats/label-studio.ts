import { hash } from 'node:crypto';
import type { Size } from '#core/box.ts';
import { isRemoteAddress } from '#core/hosts/remote-address.ts';
import type { ExportBox, ExportFormat, ExportPhrase, ExportSample } from '../export-format.ts';
import { openJsonLists, roundCoordinates } from '../json-files.ts';
import { toUtf16 } from '../utf16-spans.ts';
import { writeSmallFile } from '../write-small-file.ts';

/**
 * Label Studio tasks with one prediction each: boxes in per cent of the upright picture, the phrases in the caption's UTF-16 units,
 * and a relation from phrase to box. `label_config.xml` is the matching labelling set-up.
 */
export const labelStudio: ExportFormat = {
  name: 'label-studio',
  summary: 'Label Studio tasks with predictions, and their labelling set-up',
  extension: '.json',
  frame: 'upright',
  loader: 'the browser',
  byImage: false,
  hasScores: true,
  hasCategories: true,
  refusesEmpty: false,
  imageFolder: () => 'images',
  async open({ files, splits, fileStem, hasImages, categories }) {
    const tasks = await openJsonLists(files, splits, (split) => `${fileStem(split)}.json`);
    return {
      async write(sample, split) {
        await tasks.add(split, task(sample, hasImages ? `images/${sample.image}` : sample.image));
      },
      async close() {
        await tasks.close();
        await writeSmallFile(files.folder, 'label_config.xml', labelConfig(categories.names));
      },
      abort: () => tasks.abort(),
    };
  },
};

function task({ image, imageId, size, captions: [caption], phrases }: ExportSample, path: string) {
  const key = hash('sha256', `${image}\n${caption}`).slice(0, 10);
  const result = phrases.flatMap((phrase, index) => regions(phrase, caption, size, `${key}_${index}`));
  const scores = phrases.flatMap(({ boxes }) => boxes.flatMap(({ score }) => (score === null ? [] : [score])));
  const score = scores.length === 0 ? {} : { score: roundCoordinates(scores.reduce((sum, one) => sum + one, 0) / scores.length, 4) };
  return {
    data: { image: composeAddress(path), caption, image_id: imageId },
    predictions: [{ model_version: 'groundline', ...score, result }],
  };
}

/** Label Studio serves local files below this address; other addresses are unchanged. */
function composeAddress(path: string): string {
  if (isRemoteAddress(path)) return path;
  return `/data/local-files/?d=${path.replace(/^\/+/, '').split('/').map(encodeURIComponent).join('/')}`;
}

function regions({ text, span, category, boxes }: ExportPhrase, caption: string, size: Size, id: string) {
  const places = boxes.map((box, index) => rectangle(box, category, text, size, `${id}_${index}`));
  if (span === undefined) return places;
  const [start, end] = toUtf16(span, caption);
  const phrase = { id, from_name: 'phrase', to_name: 'caption', type: 'labels', value: { start, end, text, labels: ['phrase'] } };
  return [phrase, ...places, ...places.map((place) => ({ from_id: id, to_id: place.id, type: 'relation', direction: 'right' }))];
}

function rectangle({ box: [x1, y1, x2, y2], score }: ExportBox, category: string, text: string, { width, height }: Size, id: string) {
  const percent = (pixels: number, total: number) => roundCoordinates((pixels / total) * 100, 6);
  return {
    id,
    from_name: 'box',
    to_name: 'image',
    type: 'rectanglelabels',
    original_width: width,
    original_height: height,
    image_rotation: 0,
    ...(score === null ? {} : { score }),
    meta: { text: [text] },
    value: {
      x: percent(x1, width),
      y: percent(y1, height),
      width: percent(x2 - x1, width),
      height: percent(y2 - y1, height),
      rotation: 0,
      rectanglelabels: [category],
    },
  };
}

function labelConfig(categories: readonly string[]): string {
  const labels = categories.map((name) => `    <Label value="${escapeAttribute(name)}"/>\n`).join('');
  return `<View>
  <Image name="image" value="$image" zoom="true"/>
  <RectangleLabels name="box" toName="image">
${labels}  </RectangleLabels>
  <Text name="caption" value="$caption"/>
  <Labels name="phrase" toName="caption">
    <Label value="phrase"/>
  </Labels>
</View>
`;
}

const escapeAttribute = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
