import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type OpenOptions, openResults } from '#results/read-records.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { writeSampleResults } from '#test/report/sample-results.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

const record = {
  image_path: 'img/a.jpg',
  caption: 'um a 🐈 and a dog',
  image_id: 7,
  width: 640,
  height: 480,
  orientation: 6,
  cleaned_caption: 'A 🐈 and a dog.',
  expressions: [
    {
      text: 'A 🐈',
      expression_id: 'e0',
      char_span: [0, 3],
      noun_chunk: 'cat',
      grounding: 'found',
      instances: [{ bbox: [1, 2, 3, 4], score: 0.5, bbox_id: 'b' }],
    },
    { text: 'a dog', expression_id: 'e1', char_span: [8, 13], noun_chunk: 'dog', grounding: 'absent', instances: [] },
  ],
  source: 'image_grounding',
  pipeline_steps: ['step0_expression_extraction', 'step1_grounding'],
  status: 'ok',
};

const tao = {
  image_path: '/data/img/a.jpg',
  caption: 'a cat and a dog',
  image_id: 'a',
  cleaned_caption: 'A cat and a dog.',
  expressions: [
    {
      text: 'A cat',
      instances: [{ bbox: [1, 2, 3, 4], bbox_score: 0.9, bbox_id: 'box_00000' }],
      expression_id: 'expr_00000',
      char_span: [0, 5],
    },
    { text: 'a dog', instances: [], expression_id: 'expr_00001', char_span: [0, 5], noun_chunk: 'dog' },
  ],
  source: 'image_grounding',
  pipeline_steps: ['step0_expression_extraction', 'step1_grounding'],
};

function resultsOf(lines: readonly unknown[], run?: unknown, failed: readonly unknown[] = []): string {
  const folder = tempFolder();
  const text = (values: readonly unknown[]) =>
    values.map((value) => `${typeof value === 'string' ? value : JSON.stringify(value)}\n`).join('');
  writeFileSync(join(folder, 'annotations.jsonl'), text(lines));
  if (failed.length > 0) writeFileSync(join(folder, 'failed.jsonl'), text(failed));
  if (run !== undefined) writeFileSync(join(folder, 'run.json'), JSON.stringify(run));
  return folder;
}

async function read(folder: string, options?: OpenOptions) {
  const results = await openResults(createDirectoryFiles(folder), options);
  return {
    ...results,
    all: await Array.fromAsync(results.records()),
    paths: await Array.fromAsync(results.imagePaths()),
    failed: await Array.fromAsync(results.failures()),
  };
}

describe('reading results', () => {
  it('gives every record in order, with spans in code points, scores and the grounding of each phrase', async () => {
    const { all, paths } = await read(resultsOf([record, record]));

    expect(all.map(({ line }) => line)).toEqual([1, 2]);
    expect(paths).toEqual(['img/a.jpg', 'img/a.jpg']);
    expect(all[0]).toEqual({
      line: 1,
      imagePath: 'img/a.jpg',
      imageId: 7,
      caption: 'um a 🐈 and a dog',
      cleanedCaption: 'A 🐈 and a dog.',
      size: { width: 640, height: 480 },
      orientation: 6,
      status: 'ok',
      extracted: true,
      extractedOnly: false,
      expressions: [
        { text: 'A 🐈', id: 'e0', span: [0, 3], nounChunk: 'cat', grounding: 'found', instances: [{ box: [1, 2, 3, 4], score: 0.5 }] },
        { text: 'a dog', id: 'e1', span: [8, 13], nounChunk: 'dog', grounding: 'absent', instances: [] },
      ],
    });
  });

  it("reads TAO's own file: bbox_score, no sizes, and a wrong span is none", async () => {
    const { all, pending } = await read(resultsOf([tao]));

    expect(pending).toBe(0);
    expect(all[0]).toMatchObject({ size: undefined, orientation: 1, status: 'ok' });
    expect(all[0]?.expressions.map(({ span, grounding, instances }) => [span, grounding, instances[0]?.score])).toEqual([
      [[0, 5], 'found', 0.9],
      [undefined, 'unanswered', undefined],
    ]);
  });

  it('ignores a noun that the run guessed from a plain phrase', async () => {
    const given = (text: string, noun: string) => ({ ...tao.expressions[0], text, noun_chunk: noun });
    const line = { ...tao, expressions: [given('A cat in a hat', 'cat'), given('a dog', 'animal')] };
    const nouns = async (phrases: unknown) =>
      (await read(resultsOf([{ ...line, phrases }]))).all[0]?.expressions.map(({ nounChunk }) => nounChunk);

    expect(await nouns(['a cat in a hat', 'a dog'])).toEqual([undefined, 'animal']);
    expect(await nouns([{ text: 'A cat in a hat', noun_chunk: 'cat' }])).toEqual(['cat', 'animal']);
    expect(await nouns('not ours')).toEqual(['cat', 'animal']);
  });

  it('reads the record of an unreadable line as a failed one, with any content', async () => {
    const failed = { ...tao, image_path: '', caption: '', image_id: '', expressions: [], status: 'failed' };

    const { all } = await read(resultsOf([failed, { ...failed, image_path: 5, expressions: null }, tao]));

    expect(all.map(({ status, imagePath }) => [status, imagePath])).toEqual([
      ['failed', ''],
      ['failed', ''],
      ['ok', '/data/img/a.jpg'],
    ]);
    await expect(read(resultsOf([{ ...tao, image_path: '' }]))).rejects.toThrow(/line 1 .*"image_path"/);
  });

  it('keeps a missing score missing', async () => {
    const unscored = { ...tao, expressions: [{ text: 'A cat', instances: [{ bbox: [1, 2, 3, 4], score: null }] }] };

    expect((await read(resultsOf([unscored]))).all[0]?.expressions[0]?.instances).toEqual([{ box: [1, 2, 3, 4], score: null }]);
  });

  it('gives the failed lines with their codes', async () => {
    const folder = tempFolder();
    await writeSampleResults(folder, { samples: 30 });

    expect((await read(folder)).failed).toMatchObject([
      { line: 7, code: 'image_not_found', imageId: 'scene-7' },
      { line: 27, code: 'reply_unusable', imageId: 'scene-27', caption: 'a scene that could not be read' },
    ]);
  });

  it('refuses an unfinished run with its first pending line, unless unfinished results are allowed', async () => {
    const folder = resultsOf([record], { finished_at: '2026-01-01T00:00:00Z', counts: { pending: 1200 }, first_pending_line: 2 });

    await expect(read(folder)).rejects.toThrow(/not finished: 1,200 lines are pending, the first of them line 2; .*--unfinished/);
    expect(await read(folder, { unfinished: true })).toMatchObject({ pending: 1200, all: [{ line: 1 }] });
  });

  it('accepts a finished run with lines outside its own limit or sample', async () => {
    const folder = resultsOf([record], {
      status: 'finished',
      finished_at: '2026-01-01T00:00:00Z',
      counts: { pending: 29 },
      first_pending_line: 6,
    });

    expect(await read(folder)).toMatchObject({ pending: 0, all: [{ line: 1 }] });
  });

  it('refuses a run whose end was never written', async () => {
    await expect(read(resultsOf([record], { started_at: '2026-01-01T00:00:00Z' }))).rejects.toThrow(/not finished/);
  });

  it('refuses results of extraction alone, with the fix', async () => {
    const extracted = { ...record, pipeline_steps: ['step0_expression_extraction'], expressions: [{ text: 'A 🐈', instances: [] }] };

    await expect(read(resultsOf([extracted]))).rejects.toThrow(/no boxes: only extraction has run .*workflow\.steps=\["1"\]/);
  });

  it('refuses a folder without results, and one whose run was killed', async () => {
    const folder = tempFolder();
    await expect(read(folder)).rejects.toThrow(/annotations\.jsonl is missing; run "groundline generate" first/);

    mkdirSync(join(folder, 'step_1_grounding'));
    writeFileSync(join(folder, 'step_1_grounding', 'annotations.jsonl'), '');
    await expect(read(folder)).rejects.toThrow(/its run is not finished/);
  });

  it('names a line that is cut off or no record', async () => {
    const folder = resultsOf([record, record]);
    const complete = readFileSync(join(folder, 'annotations.jsonl'), 'utf8');
    writeFileSync(join(folder, 'annotations.jsonl'), complete.slice(0, -40));

    await expect(read(folder)).rejects.toThrow(/annotations\.jsonl line 2 .*perhaps cut off/);
    await expect(read(resultsOf([record, '[1]']))).rejects.toThrow(/line 2 .* is not a JSON object/);
    await expect(read(resultsOf([{ image_path: 'a.jpg', expressions: [{ text: 3 }] }]))).rejects.toThrow(/line 1 .*"expressions\.0\.text"/);
  });

  it('names a cut-off line of failed.jsonl', async () => {
    await expect(read(resultsOf([record], undefined, ['{"image_path":"a.jp']))).rejects.toThrow(/failed\.jsonl line 1 /);
  });
});
