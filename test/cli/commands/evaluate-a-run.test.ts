import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Evaluation, evaluateResults } from '#evaluate/evaluate-results.ts';
import { importDataset } from '#import/import-dataset.ts';
import { openResults } from '#results/read-records.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { type LookingModel, startLookingModel } from '#test/right-pixels/looking-model.ts';
import { drawPicture, type Picture } from '#test/right-pixels/pictures.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { runIn } from '../in-process.ts';

const pictures: Picture[] = [
  {
    width: 640,
    height: 480,
    orientation: 1,
    format: 'jpeg',
    rectangles: [
      { colour: 'red', box: [40, 60, 240, 260] },
      { colour: 'red', box: [400, 60, 600, 260] },
    ],
  },
  { width: 480, height: 640, orientation: 6, format: 'jpeg', rectangles: [{ colour: 'green', box: [100, 100, 300, 400] }] },
];
const categories = ['red box', 'green box', 'blue box'].map((name, id) => ({ id, name }));

function cocoOf(all: readonly Picture[]): string {
  const images = all.map(({ width, height }, id) => ({ id, file_name: `${id}.jpg`, width, height }));
  const annotations = all.flatMap(({ rectangles }, image_id) =>
    rectangles.map(({ colour, box: [x1, y1, x2, y2] }) => ({
      image_id,
      category_id: categories.findIndex(({ name }) => name.startsWith(colour)),
      bbox: [x1, y1, x2 - x1, y2 - y1],
      iscrowd: 0,
    })),
  );
  return JSON.stringify({ images, annotations, categories });
}

function odvgOf(all: readonly Picture[]): string {
  const lines = all.map(({ width, height, rectangles }, index) => {
    const caption = `well there is a ${rectangles[0]?.colour} box somewhere`;
    const regions = [
      {
        bbox: rectangles.map(({ box }) => box),
        phrase: `a ${rectangles[0]?.colour} box`,
        tokens_positive: [[14, caption.indexOf(' somewhere')]],
      },
    ];
    return JSON.stringify({ filename: `${index}.jpg`, width, height, grounding: { caption, regions } });
  });
  return lines.join('\n');
}

describe('a data set, imported, grounded and evaluated', () => {
  let model: LookingModel;
  beforeAll(async () => {
    model = await startLookingModel({ models: ['Qwen/Qwen3-VL-8B-Instruct'] });
  });
  afterAll(() => model.close());

  async function evaluated(format: string, content: string, phrases: boolean): Promise<Evaluation & { readonly results: string }> {
    const folder = tempFolder();
    mkdirSync(join(folder, 'img'));
    for (const [index, picture] of pictures.entries()) writeFileSync(join(folder, 'img', `${index}.jpg`), await drawPicture(picture));
    writeFileSync(join(folder, 'set'), content);
    const out = createDirectoryFiles(folder);
    const imagePath = (name: string) => `img/${name}`;
    await importDataset({ format, source: join(folder, 'set'), out, imagePath, phrases, absent: 1, seed: 0, phrasesPerLine: 20 });
    const endpoint = [
      `vlm.openai.base_url=${model.url}/v1`,
      'vlm.openai.model_name=Qwen/Qwen3-VL-8B-Instruct',
      'vlm.localisation_check=off',
    ];
    const { results } = await runIn(folder, ['vlm.backend=openai', ...endpoint]);
    const evaluation = await evaluateResults({
      results: await openResults(createDirectoryFiles(results)),
      truth: join(folder, 'truth.jsonl'),
    });
    return { ...evaluation, results };
  }

  const value = ({ figures }: Evaluation, id: string) => figures.find((figure) => figure.id === id)?.value;

  it('scores perfect boxes for a model that looks, also for a turned picture', async () => {
    const evaluation = await evaluated('coco', cocoOf(pictures), true);

    expect(evaluation.mode).toBe('grounding');
    expect(evaluation.counts).toMatchObject({ truthLines: 2, joined: 2, missed: 0, surplus: 0 });
    for (const id of ['acc90', 'recall', 'precision', 'absent_acc', 'coverage']) expect([id, value(evaluation, id)]).toEqual([id, 1]);
    expect(value(evaluation, 'miou')).toBeGreaterThan(0.97);
    expect(value(evaluation, 'no_answer')).toBe(0);
  });

  it('includes extraction in the evaluation where the input has no phrases', async () => {
    const evaluation = await evaluated('odvg', odvgOf(pictures), false);

    expect(evaluation.mode).toBe('end-to-end');
    expect(JSON.parse(readFileSync(join(evaluation.results, 'annotations.jsonl'), 'utf8').split('\n')[0] ?? '')).toMatchObject({
      expressions: [{ text: 'red box' }],
    });
    for (const id of ['span_f1', 'acc90', 'recall']) expect([id, value(evaluation, id)]).toEqual([id, 1]);
  });
});
