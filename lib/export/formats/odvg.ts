import type { ExportFormat, ExportPhrase } from '../export-format.ts';
import { openSplitFiles } from '../json-files.ts';
import { mayBeCutOff } from '../text-tokens.ts';

/**
 * ODVG lines for TAO's Grounding DINO in its grounding mode (no `label_map`). Its loader builds the text from the phrases alone,
 * each once, joined by " . ", and finds a phrase's words by their first appearance; it fails on a line without regions.
 */
export const odvg: ExportFormat = {
  name: 'odvg',
  summary: "TAO Grounding DINO's training lines (file_name)",
  extension: '.jsonl',
  frame: 'upright',
  loader: "TAO's ODVGDataset",
  byImage: false,
  hasScores: false,
  hasCategories: false,
  refusesEmpty: true,
  imageFolder: () => 'images',
  async open({ files, splits, fileStem, tally }) {
    const lines = await openSplitFiles(files, splits, (split) => `${fileStem(split)}.jsonl`);
    return {
      ...lines,
      async write({ image, imageId, size, captions: [caption], phrases }, split) {
        const spelt = spellAlike(phrases);
        const texts = [...new Set(spelt.map(({ text }) => text))];
        if (texts.length < phrases.length) tally.add('sharedPhrase');
        if (texts.some((text) => texts.some((other) => other !== text && other.includes(text)))) tally.add('phraseInPhrase');
        if (mayBeCutOff(`${texts.join(' . ')} .`)) tally.add('tokenLimit');
        const regions = spelt.flatMap(({ text, boxes }) => boxes.map(({ box }) => ({ bbox: box, phrase: text })));
        const line = { file_name: image, height: size.height, width: size.width, image_id: imageId, grounding: { caption, regions } };
        await lines.write(split, `${JSON.stringify(line)}\n`);
      },
    };
  },
};

/** To the loader, "A man" and "a man" are two phrases: all get the first spelling. */
function spellAlike(phrases: readonly ExportPhrase[]): ExportPhrase[] {
  const spellings = new Map<string, string>();
  return phrases.map((phrase) => {
    const key = phrase.text.toLowerCase();
    const text = spellings.get(key) ?? phrase.text;
    spellings.set(key, text);
    return { ...phrase, text };
  });
}
