import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Box } from '#core/box.ts';
import { runIn } from '#test/cli/in-process.ts';
import { type LookingModel, startLookingModel } from '#test/right-pixels/looking-model.ts';
import { drawPicture, type Picture } from '#test/right-pixels/pictures.ts';
import { exportFrom, leftOut, notes } from './export-known.ts';
import { tempFolderUntilEnd } from './temp-folder-until-end.ts';

const pictures: Picture[] = [
  { width: 640, height: 480, orientation: 1, format: 'jpeg', rectangles: [{ colour: 'red', box: [40, 60, 240, 260] }] },
  { width: 480, height: 640, orientation: 6, format: 'jpeg', rectangles: [{ colour: 'green', box: [100, 100, 300, 400] }] },
];

describe('the results of a run, exported', () => {
  const folder = tempFolderUntilEnd();
  let model: LookingModel;
  beforeAll(async () => {
    model = await startLookingModel({ models: ['Qwen/Qwen3-VL-8B-Instruct'] });
    for (const [index, picture] of pictures.entries()) writeFileSync(join(folder, `${index}.jpg`), await drawPicture(picture));
    const lines = [
      { image_path: '0.jpg', caption: 'a red box', phrases: ['red box'] },
      { image_path: '1.jpg', caption: 'a green box beside a blue box', phrases: ['green box', 'blue box'] },
      { image_path: 'gone.jpg', caption: 'a red box', phrases: ['red box'] },
    ];
    writeFileSync(join(folder, 'captions.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  });
  afterAll(() => model.close());

  const overrides = () => [
    'vlm.backend=openai',
    `vlm.openai.base_url=${model.url}/v1`,
    'vlm.openai.model_name=Qwen/Qwen3-VL-8B-Instruct',
    'vlm.localisation_check=off',
  ];
  const near = (box: Box, wanted: Box) => Math.max(...box.map((corner, place) => Math.abs(corner - (wanted[place] ?? Number.NaN))));

  it('has boxes in the pixels of the exported pictures', async () => {
    const { results } = await runIn(folder, overrides());

    const done = await exportFrom(results, 'odvg', { images: 'copy' });
    const lines = readFileSync(join(done.out, 'annotations.jsonl'), 'utf8').trim().split('\n');
    const records = lines.map((line) => JSON.parse(line));
    expect(records.map(({ file_name, width, height }) => [file_name, width, height])).toEqual([
      ['0.jpg', 640, 480],
      ['1.jpg', 480, 640],
    ]);
    for (const [index, { grounding }] of records.entries()) {
      const [rectangle] = pictures[index]?.rectangles ?? [];
      expect(grounding.regions).toHaveLength(1);
      expect(near(grounding.regions[0].bbox, rectangle?.box as Box)).toBeLessThanOrEqual(1);
    }
    expect(leftOut(done)).toEqual({ failedSamples: 1, absent: 1 });
  });

  it("reads what a run writes for TAO's scripts: failed lines are none, and nothing is known of absent phrases", async () => {
    const { results } = await runIn(folder, [...overrides(), 'output.compat=tao'], { results: join(folder, 'tao') });

    const done = await exportFrom(results, 'coco');
    expect(done.summary.boxes).toBe(2);
    expect(leftOut(done)).toMatchObject({ failedSamples: 1 });
    expect(notes(done).turned).toBe(1);
  });

  it("counts a line that could not be read among the failed ones of a run for TAO's scripts, and exports the rest", async () => {
    const lines = ['{"caption":"no picture"}', '{"image_path":"0.jpg","caption":"a red box","phrases":["red box"]}', 'not JSON'];
    writeFileSync(join(folder, 'bad-lines.jsonl'), lines.map((line) => `${line}\n`).join(''));
    const input = [`data.input_jsonl=${join(folder, 'bad-lines.jsonl')}`, 'output.compat=tao'];
    const { results } = await runIn(folder, [...overrides(), ...input], { results: join(folder, 'bad-lines') });

    const done = await exportFrom(results, 'coco');

    expect(done.summary.boxes).toBe(1);
    expect(leftOut(done)).toMatchObject({ failedSamples: 2 });
  });
});
