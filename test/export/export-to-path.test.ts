import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, it } from 'vitest';
import { exportFormats } from '#export/export-formats.ts';
import { parseSplits } from '#export/split.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { exportFrom, leftOut, notes } from './export-known.ts';
import { knownImages, knownSamples, recordOf, writeKnownResults, writeRecords } from './known-results.ts';
import { findRed } from './turned-image.ts';

let folder: string;
beforeEach(async () => {
  folder = tempFolder();
  await writeKnownResults(folder);
});

const lines = (path: string) => readFileSync(path, 'utf8').trim().split('\n');
const splits = { splits: parseSplits('train=0.5,val=0.5') };
const everyFormat = exportFormats.map(({ name }) => name);

describe('an export', () => {
  it('reports the omitted parts with their reasons', async () => {
    expect(leftOut(await exportFrom(folder, 'odvg'))).toEqual({ failedSamples: 1, unloadable: 1, absent: 2, unanswered: 1 });
    expect(leftOut(await exportFrom(folder, 'coco'))).toEqual({ failedSamples: 1, absent: 2, unanswered: 1, merged: 1 });
  });

  it('keeps images without objects where the format can, and drops them on demand', async () => {
    await writeRecords(
      folder,
      knownSamples
        .slice(4, 6)
        .map(recordOf)
        .map((record, index) => ({ ...record, image_path: `${index}.jpg` })),
    );

    const kept = await exportFrom(folder, 'coco');
    expect([kept.summary.samples, notes(kept).emptyKept]).toEqual([{ train: 2 }, 1]);
    const dropped = await exportFrom(folder, 'coco', { dropEmpty: true });
    expect([dropped.summary.samples, leftOut(dropped).emptySamples]).toEqual([{ train: 1 }, 1]);
  });

  it.each(['odvg', 'yolo'])('of %s fails at once below a folder that cannot be written', async (format) => {
    await expect(exportFrom(folder, format, { out: '/proc/no/such/out' })).rejects.toThrow(/cannot write \/proc\/no\/such\/out \(ENOENT\)/);
  });

  it('leaves out low scores, and keeps boxes without a score, with a note', async () => {
    const done = await exportFrom(folder, 'label-studio', { minScore: 0.75 });

    expect(leftOut(done).lowScore).toBe(3);
    expect(notes(done).unscoredKept).toBe(1);
    expect(done.summary.boxes).toBe(5);
  });

  it('drops boxes without a score only when asked', async () => {
    const done = await exportFrom(folder, 'label-studio', { dropUnscored: true });

    expect(leftOut(done).unscoredDropped).toBe(1);
    expect(done.summary.boxes).toBe(7);
  });

  it('leaves out partial samples only when asked', async () => {
    expect(notes(await exportFrom(folder, 'odvg')).partialKept).toBe(1);
    expect(leftOut(await exportFrom(folder, 'odvg', { dropPartial: true })).partialDropped).toBe(1);
  });

  it('splits by image: all captions of one are on the same side, again and again', async () => {
    const many = Array.from({ length: 400 }, (_, index) => ({
      ...recordOf(knownSamples[0] as never, index),
      image_path: `${index % 200}.jpg`,
    }));
    await writeRecords(folder, many);

    const [first, second, other] = [
      await exportFrom(folder, 'odvg', splits),
      await exportFrom(folder, 'odvg', splits),
      await exportFrom(folder, 'odvg', { ...splits, seed: 1 }),
    ];
    const imagesOf = (out: string, split: string) => new Set(lines(join(out, `${split}.jsonl`)).map((line) => JSON.parse(line).file_name));
    expect(imagesOf(first.out, 'train').isDisjointFrom(imagesOf(first.out, 'val'))).toBe(true);
    expect(imagesOf(first.out, 'train').size).toBeGreaterThan(70);
    expect(imagesOf(first.out, 'train').size).toBeLessThan(130);
    expect(lines(join(second.out, 'train.jsonl'))).toEqual(lines(join(first.out, 'train.jsonl')));
    expect(imagesOf(other.out, 'train')).not.toEqual(imagesOf(first.out, 'train'));
  });

  it('copies images upright, untouched where they are so already', async () => {
    const { out, frame } = await exportFrom(folder, 'coco', { images: 'copy' });

    expect(frame).toBe('upright');
    for (const { path, size, red, orientation } of knownImages) {
      const copy = readFileSync(join(out, 'images', path));
      expect((await sharp(copy).metadata()).orientation ?? 1).toBe(1);
      expect(await findRed(copy, 'stored')).toEqual({ box: red, ...size });
      if (orientation === 1) expect(copy.equals(readFileSync(join(folder, path)))).toBe(true);
    }
  });

  it('links to the images as they are', async () => {
    const { out } = await exportFrom(folder, 'yolo', { images: 'link' });

    expect(readlinkSync(join(out, 'images/train/img/c.jpg'))).toBe(join(folder, 'img/c.jpg'));
  });

  it('defaults to the frame that the usual loader reads', async () => {
    expect((await exportFrom(folder, 'voc')).frame).toBe('stored');
    expect((await exportFrom(folder, 'odvg')).frame).toBe('upright');
  });

  it('writes one file where --out names one', async () => {
    const { out } = await exportFrom(folder, 'odvg', { out: join(folder, 'sets', 'train.jsonl') });

    expect(lines(out)).toHaveLength(5);
    expect(readdirSync(join(folder, 'sets'))).toEqual(['train.jsonl']);
  });

  it('names images below --images-root relative to it, and copies images from elsewhere under names of their own', async () => {
    const [first, second] = knownSamples.map(recordOf);
    await writeRecords(folder, [
      { ...first, image_path: join(folder, 'img/a.jpg') },
      { ...second, image_path: '../elsewhere/b b.jpg' },
    ]);
    mkdirSync(join(folder, 'root', 'x'), { recursive: true });
    mkdirSync(join(folder, 'root', 'elsewhere'));
    writeFileSync(join(folder, 'root', 'elsewhere', 'b b.jpg'), readFileSync(join(folder, 'img/b b.jpg')));

    const named = await exportFrom(folder, 'odvg', { imagesRoot: folder });
    expect(lines(join(named.out, 'annotations.jsonl')).map((line) => JSON.parse(line).file_name)).toEqual([
      'img/a.jpg',
      '../elsewhere/b b.jpg',
    ]);
    const { out } = await exportFrom(folder, 'odvg', { imagesRoot: join(folder, 'root', 'x'), images: 'copy' });
    const names = lines(join(out, 'annotations.jsonl')).map((line) => JSON.parse(line).file_name);
    expect(names).toEqual([expect.stringMatching(/^[0-9a-f]{8}-a\.jpg$/), expect.stringMatching(/^[0-9a-f]{8}-b b\.jpg$/)]);
    for (const name of names) expect(existsSync(join(out, 'images', name))).toBe(true);
  });

  it('gives label files different names for images that differ only in the extension', async () => {
    const two = ['img/a.jpg', 'img/a.png'].map((path, index) => ({ ...recordOf(knownSamples[0] as never, index), image_path: path }));
    await writeRecords(folder, two);
    writeFileSync(join(folder, 'img/a.png'), await sharp(join(folder, 'img/a.jpg')).png().toBuffer());

    const { out } = await exportFrom(folder, 'yolo', { images: 'copy' });
    const stems = (kind: string) => readdirSync(join(out, kind, 'train', 'img')).map((name) => name.replace(/\.\w+$/, ''));
    expect(new Set(stems('labels')).size).toBe(2);
    expect(stems('images').sort()).toEqual(stems('labels').sort());
  });

  it("reads TAO's own files: bbox_score, sizes from the images, corners cut to them", async () => {
    const [first] = knownSamples.map(recordOf);
    const { width: _w, height: _h, status: _s, ...tao } = first as never as Record<string, unknown>;
    const instances = [
      [8, 16, 400, 24],
      [500, 500, 96, 64],
    ].map((bbox) => ({ bbox, bbox_score: 0.9 }));
    await writeRecords(folder, [{ ...tao, expressions: [{ text: 'A red box', char_span: [2, 11], instances }] }]);

    const done = await exportFrom(folder, 'coco');
    const { images, annotations, categories } = JSON.parse(readFileSync(join(done.out, 'annotations.json'), 'utf8'));
    expect(images).toMatchObject([{ width: 96, height: 64 }]);
    expect(annotations).toMatchObject([{ bbox: [8, 16, 88, 8], score: 0.9 }]);
    expect(categories).toEqual([{ id: 1, name: 'box' }]);
    expect([leftOut(done).outside, notes(done).nounGuessed]).toEqual([1, 1]);
  });

  it('counts the guessed categories of phrases without nouns', async () => {
    const [first] = knownSamples.map(recordOf);
    const expressions = [{ text: 'A red box', char_span: [2, 11], noun_chunk: 'box', instances: [{ bbox: [8, 16, 40, 24], score: 0.9 }] }];
    await writeRecords(folder, [{ ...first, expressions, phrases: ['A red box'] }]);

    const done = await exportFrom(folder, 'coco');
    expect(JSON.parse(readFileSync(join(done.out, 'annotations.json'), 'utf8')).categories).toEqual([{ id: 1, name: 'box' }]);
    expect(notes(done).nounGuessed).toBe(1);
  });

  it('counts categories from 0 for TAO', async () => {
    const { out } = await exportFrom(folder, 'coco', { firstCategoryId: 0 });

    const { categories } = JSON.parse(readFileSync(join(out, 'annotations.json'), 'utf8'));
    expect(categories.map(({ id }: { id: number }) => id)).toEqual([0, 1, 2, 3]);
  });

  it('merges and leaves out categories by a map', async () => {
    const done = await exportFrom(folder, 'coco', { categories: { animal: ['dog', 'dogs'], '-': ['kasten'], rest: ['*'] } });

    expect(done.summary.categories).toEqual([
      { name: 'animal', boxes: 3 },
      { name: 'rest', boxes: 3 },
    ]);
    expect(leftOut(done).unwantedCategory).toBe(1);
  });
});

describe('an export that cannot be', () => {
  const nothingNew = () => readdirSync(folder).filter((name) => /draft|export/.test(name));

  it.each(everyFormat)('leaves nothing of %s behind when a line is cut off', async (format) => {
    const complete = readFileSync(join(folder, 'annotations.jsonl'), 'utf8');
    writeFileSync(join(folder, 'annotations.jsonl'), complete.slice(0, -30));

    await expect(exportFrom(folder, format)).rejects.toThrow(/annotations\.jsonl line 6 .*cut off/);
    expect(nothingNew()).toEqual([]);
  });

  it('names a missing image, with the fix', async () => {
    const [first] = knownSamples.map(recordOf);
    await writeRecords(folder, [{ ...first, image_path: 'gone.jpg' }]);

    await expect(exportFrom(folder, 'coco', { images: 'copy' })).rejects.toThrow(/"gone\.jpg" of line 1 is missing .*--images-root/);
    await expect(exportFrom(folder, 'yolo', { images: 'link' })).rejects.toThrow(/"gone\.jpg" of line 1/);
    expect(nothingNew()).toEqual([]);
  });

  it('does not copy images from addresses', async () => {
    const [first] = knownSamples.map(recordOf);
    await writeRecords(folder, [{ ...first, image_path: 's3://bucket/a.jpg' }]);

    await expect(exportFrom(folder, 'coco', { images: 'copy' })).rejects.toThrow(/s3:\/\/bucket\/a\.jpg: fetch the images first/);
  });

  it('refuses an unfinished run, and results of extraction alone', async () => {
    writeFileSync(join(folder, 'run.json'), JSON.stringify({ finished_at: 'x', counts: { pending: 3 } }));
    await expect(exportFrom(folder, 'odvg')).rejects.toThrow(/not finished: 3 lines are pending/);
    expect(leftOut(await exportFrom(folder, 'odvg', { unfinished: true })).pendingSamples).toBe(3);

    writeFileSync(join(folder, 'run.json'), '{"finished_at": "x"}');
    await writeRecords(folder, [
      { ...recordOf(knownSamples[5] as never, 0), expressions: [], pipeline_steps: ['step0_expression_extraction'] },
    ]);
    await expect(exportFrom(folder, 'odvg')).rejects.toThrow(/only extraction has run/);
  });

  it('gives the reason when nothing is left', async () => {
    await writeRecords(folder, [recordOf(knownSamples[5] as never, 0)]);

    await expect(exportFrom(folder, 'odvg')).rejects.toThrow(
      /nothing to export from .*: 1 sample failed .*1 sample without a box.*1 phrase answered as not visible/,
    );
    expect(nothingNew()).toEqual([]);
  });

  it('stops without a trace when it is interrupted', async () => {
    await expect(exportFrom(folder, 'voc', { signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
    expect(nothingNew()).toEqual([]);
  });

  it('replaces an earlier export only with --force, and other folders never', async () => {
    const { out } = await exportFrom(folder, 'yolo', { out: join(folder, 'export-set') });

    await expect(exportFrom(folder, 'coco', { out })).rejects.toThrow(/holds an earlier export; .*--force/);
    await exportFrom(folder, 'coco', { out, force: true });
    expect(readdirSync(out).sort()).toEqual(['.groundline-export.json', 'annotations.json']);
    await expect(exportFrom(folder, 'coco', { out: join(folder, 'img'), force: true })).rejects.toThrow(
      /other files in it, which an export never replaces/,
    );
    await exportFrom(folder, 'odvg', { out: join(folder, 'one.jsonl') });
    await expect(exportFrom(folder, 'odvg', { out: join(folder, 'one.jsonl') })).rejects.toThrow(/exists already; .*--force/);
    await exportFrom(folder, 'odvg', { out: join(folder, 'one.jsonl'), force: true });
  });

  it('keeps the earlier export when the new one fails', async () => {
    const { out } = await exportFrom(folder, 'odvg', { out: join(folder, 'export-set') });
    const before = readFileSync(join(out, 'annotations.jsonl'), 'utf8');
    writeFileSync(join(folder, 'annotations.jsonl'), '{"cut');

    await expect(exportFrom(folder, 'odvg', { out, force: true })).rejects.toThrow(/cut off/);
    expect(readFileSync(join(out, 'annotations.jsonl'), 'utf8')).toBe(before);
  });

  it('refuses options that exclude each other', async () => {
    await expect(exportFrom(folder, 'odvg', { out: join(folder, 'a.jsonl'), ...splits })).rejects.toThrow(
      /names one file, but --split writes several/,
    );
    await expect(exportFrom(folder, 'odvg', { out: join(folder, 'a.jsonl'), images: 'copy' })).rejects.toThrow(/cannot hold images/);
    await expect(exportFrom(folder, 'coco', { frame: 'stored', images: 'copy' })).rejects.toThrow(/copies are upright/);
  });
});
