import type { ExportFormat, ExportPhrase, ExportTarget } from '../export-format.ts';
import { openSplitFiles } from '../json-files.ts';
import { mayBeCutOff } from '../text-tokens.ts';
import { countCodePoints } from '../utf16-spans.ts';

/**
 * ODVG lines for MMDetection's MM-Grounding-DINO: the text is the caption, and `tokens_positive` has each phrase's span in code points.
 * Its loader strips the caption and makes it lower case, so the caption is written in a form that keeps the spans right.
 */
export const odvgMmdet: ExportFormat = {
  name: 'odvg-mmdet',
  summary: "MMDetection's and Open-GroundingDino's ODVG lines (filename, tokens_positive)",
  extension: '.jsonl',
  frame: 'upright',
  loader: "MMDetection's LoadImageFromFile",
  byImage: false,
  hasScores: false,
  hasCategories: false,
  refusesEmpty: false,
  imageFolder: () => 'images',
  async open({ files, splits, fileStem, tally }) {
    const lines = await openSplitFiles(files, splits, (split) => `${fileStem(split)}.jsonl`);
    return {
      ...lines,
      async write({ image, size, captions: [given], phrases }, split) {
        const { caption, spanOf } = loadableCaption(given);
        if (mayBeCutOff(caption)) tally.add('tokenLimit');
        const regions = phrases.flatMap((phrase) => region(phrase, spanOf, tally));
        const line = { filename: image, height: size.height, width: size.width, grounding: { caption, regions } };
        await lines.write(split, `${JSON.stringify(line)}\n`);
      },
    };
  },
};

type Span = readonly [number, number];

function region({ text, span, boxes }: ExportPhrase, spanOf: (span: Span) => Span, tally: ExportTarget['tally']) {
  if (span === undefined) {
    tally.add('unplacedDropped');
    return [];
  }
  const loaded = boxes.map(({ box }) => box).filter(([x1, y1, x2, y2]) => x2 - x1 >= 1 && y2 - y1 >= 1);
  tally.add('smallForLoader', boxes.length - loaded.length);
  const [first] = loaded;
  if (first === undefined) return [];
  return [{ bbox: loaded.length === 1 ? first : loaded, phrase: text, tokens_positive: [spanOf(span)] }];
}

/** The caption in a form whose length the loader's `lower().strip()` keeps, with a mapping of spans. */
function loadableCaption(given: string): { caption: string; spanOf: (span: Span) => Span } {
  const lower = given.toLowerCase();
  const grows = countCodePoints(lower) !== countCodePoints(given);
  const cut = countCodePoints(given) - countCodePoints(given.trimStart());
  const points = grows ? Array.from(given) : [];
  const place = (point: number) => (grows ? countCodePoints(points.slice(cut, point).join('').toLowerCase()) : point - cut);
  return { caption: (grows ? lower : given).trim(), spanOf: ([start, end]) => [place(start), place(end)] };
}
