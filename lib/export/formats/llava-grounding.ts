import type { Box, Size } from '#core/box.ts';
import type { ExportFormat, ExportSample } from '../export-format.ts';
import { openJsonLists } from '../json-files.ts';

const SCALE = 1000;

/**
 * LLaVA conversations in the form of the Qwen and Cosmos families: a question with the caption,
 * and an answer with a JSON list of `label` and `bbox_2d` on a scale of 0 to 1000.
 */
export const llavaGrounding: ExportFormat = {
  name: 'llava-grounding',
  summary: 'LLaVA conversations with boxes on a scale of 0 to 1000',
  extension: '.json',
  frame: 'stored',
  loader: "LLaVA's trainer",
  byImage: false,
  hasScores: false,
  hasCategories: false,
  refusesEmpty: false,
  imageFolder: () => 'images',
  async open({ files, splits, fileStem }) {
    const lists = await openJsonLists(files, splits, (split) => `${fileStem(split)}.json`);
    const counts = new Map<string, number>();
    return {
      ...lists,
      async write(sample, split) {
        const before = counts.get(split) ?? 0;
        counts.set(split, before + 1);
        await lists.add(split, conversation(sample, `${split}-${before}`));
      },
    };
  },
};

function conversation({ image, size, captions: [caption], phrases }: ExportSample, id: string) {
  const found = phrases.flatMap(({ text, boxes }) => boxes.map(({ box }) => ({ bbox_2d: onScale(box, size), label: text })));
  // the trainer compares the number of these marks with the number of pictures
  const words = caption.replaceAll('<image>', 'image');
  return {
    id,
    image,
    conversations: [
      {
        from: 'human',
        value: `<image>\nFind in the picture what the caption names. Answer with a JSON list of {"bbox_2d": [x1, y1, x2, y2], "label"}, on a scale of 0 to ${SCALE}.\nCaption: ${words}`,
      },
      { from: 'gpt', value: `\`\`\`json\n[${found.map((one) => `\n${JSON.stringify(one)}`).join(',')}\n]\n\`\`\`` },
    ],
  };
}

function onScale([x1, y1, x2, y2]: Box, { width, height }: Size): Box {
  const x = (pixel: number) => Math.round((pixel / width) * SCALE);
  const y = (pixel: number) => Math.round((pixel / height) * SCALE);
  return [x(x1), y(y1), x(x2), y(y2)];
}
