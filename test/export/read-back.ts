import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Box } from '#core/box.ts';

/** A box as a reader of a format sees it, in pixels of the frame that the export is in. */
export interface ReadBox {
  readonly image: string;
  readonly label: string;
  readonly box: Box;
  readonly score?: number | null | undefined;
  /** What of the caption the format's span covers, by its own way of counting. */
  readonly spanned?: string | undefined;
}

interface Sized {
  readonly width: number;
  readonly height: number;
}

type Reader = (out: string, split: string, sizes: Readonly<Record<string, Sized>>) => ReadBox[];

const lines = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    // biome-ignore lint/suspicious/noExplicitAny: foreign formats, read as they come
    .map((line) => JSON.parse(line) as any);
// biome-ignore lint/suspicious/noExplicitAny: foreign formats, read as they come
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as any;

const points = (text: string, [start, end]: [number, number]) => Array.from(text).slice(start, end).join('');
const fromCorner = ([x, y, width, height]: [number, number, number, number]): Box => [x, y, x + width, y + height];

/** One reader a format, each written from the format's own description. */
export const readers: Readonly<Record<string, Reader>> = {
  odvg: (out, split) =>
    lines(join(out, `${split}.jsonl`)).flatMap(({ file_name: image, grounding: { regions } }) =>
      regions.map(({ bbox, phrase }: { bbox: Box; phrase: string }) => ({ image, label: phrase, box: bbox })),
    ),
  'odvg-mmdet': (out, split) =>
    lines(join(out, `${split}.jsonl`)).flatMap(({ filename: image, grounding: { caption, regions } }) =>
      regions.flatMap(
        ({ bbox, phrase, tokens_positive: [span] }: { bbox: Box | Box[]; phrase: string; tokens_positive: [[number, number]] }) =>
          (Array.isArray(bbox[0]) ? (bbox as Box[]) : [bbox as Box]).map((box) => ({
            image,
            label: phrase,
            box,
            spanned: points(caption, span),
          })),
      ),
    ),
  coco(out, split) {
    const { images, annotations, categories } = json(join(out, `${split}.json`));
    return annotations.map(
      ({ image_id, category_id, bbox, score }: { image_id: number; category_id: number; bbox: Box; score?: number }) => ({
        image: images.find(({ id }: { id: number }) => id === image_id).file_name,
        label: categories.find(({ id }: { id: number }) => id === category_id).name,
        box: fromCorner(bbox),
        score,
      }),
    );
  },
  yolo(out, split, sizes) {
    const { names } = parse(readFileSync(join(out, 'data.yaml'), 'utf8'));
    return Object.entries(sizes).flatMap(([image, { width, height }]) =>
      readFileSync(join(out, 'labels', split, image.replace(/\.\w+$/, '.txt')), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line): ReadBox => {
          const [label = -1, x = 0, y = 0, w = 0, h = 0] = line.split(' ').map(Number);
          return {
            image,
            label: names[label],
            box: [(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height],
          };
        }),
    );
  },
  voc(out, split) {
    const tag = (xml: string, name: string) => new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(xml)?.[1] ?? '';
    return readFileSync(join(out, 'ImageSets/Main', `${split}.txt`), 'utf8')
      .trim()
      .split('\n')
      .flatMap((stem) => {
        const xml = readFileSync(join(out, 'Annotations', `${stem}.xml`), 'utf8');
        const image = tag(xml, 'filename');
        return [...xml.matchAll(/<object>.*?<\/object>/gs)].map(([object]): ReadBox => {
          const [x1, y1, x2, y2] = ['xmin', 'ymin', 'xmax', 'ymax'].map((name) => Number(tag(object, name)));
          return { image, label: tag(object, 'name'), box: [(x1 ?? 0) - 1, (y1 ?? 0) - 1, x2 ?? 0, y2 ?? 0] };
        });
      });
  },
  'label-studio': (out, split) =>
    json(join(out, `${split}.json`)).flatMap(({ data, predictions: [{ result }] }: LabelStudioTask) =>
      result
        .filter(({ type }) => type === 'rectanglelabels')
        .map(({ id, value, score, original_width: w, original_height: h }): ReadBox => {
          const from = result.find(({ type, to_id }) => type === 'relation' && to_id === id)?.from_id;
          const phrase = result.find((one) => one.id === from)?.value;
          return {
            image: decodeURIComponent(data.image.replace('/data/local-files/?d=', '')),
            label: value.rectanglelabels?.[0] ?? '',
            box: fromCorner([(value.x * w) / 100, (value.y * h) / 100, (value.width * w) / 100, (value.height * h) / 100]),
            score,
            spanned: phrase && data.caption.slice(phrase.start, phrase.end),
          };
        }),
    ),
  fiftyone: (out) =>
    json(join(out, 'samples.json')).samples.flatMap(({ filepath, metadata: { width, height }, caption, grounding }: FiftyoneSample) =>
      grounding.detections.map(({ label, bounding_box: [x, y, w, h], confidence, char_span }) => ({
        image: filepath,
        label,
        box: fromCorner([x * width, y * height, w * width, h * height]),
        score: confidence,
        spanned: points(caption, char_span),
      })),
    ),
  'hf-imagefolder': (out, split) =>
    lines(join(out, split, 'metadata.jsonl')).flatMap(({ file_name: image, caption, objects }) =>
      objects.bbox.map((bbox: Box, index: number) => ({
        image,
        label: objects.categories[index],
        box: fromCorner(bbox),
        score: objects.scores[index],
        spanned: points(caption, objects.spans[index]),
      })),
    ),
  'llava-grounding': (out, split, sizes) =>
    json(join(out, `${split}.json`)).flatMap(({ image, conversations: [, { value }] }: LlavaConversation) => {
      const { width = 1, height = 1 } = sizes[image] ?? {};
      return JSON.parse(value.replace(/```(json)?/g, '')).map(({ bbox_2d: [x1, y1, x2, y2], label }: { bbox_2d: Box; label: string }) => ({
        image,
        label,
        box: [(x1 * width) / 1000, (y1 * height) / 1000, (x2 * width) / 1000, (y2 * height) / 1000],
      }));
    }),
};

interface LabelStudioTask {
  data: { image: string; caption: string };
  predictions: [
    {
      result: {
        id: string;
        type: string;
        from_id?: string;
        to_id?: string;
        score?: number;
        original_width: number;
        original_height: number;
        value: { x: number; y: number; width: number; height: number; start: number; end: number; rectanglelabels?: string[] };
      }[];
    },
  ];
}

interface FiftyoneSample {
  filepath: string;
  caption: string;
  metadata: Sized;
  grounding: { detections: { label: string; bounding_box: Box; confidence?: number; char_span: [number, number] }[] };
}

interface LlavaConversation {
  image: string;
  conversations: [unknown, { value: string }];
}
