import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drawScene, photograph } from './drawn-scenes.ts';
import { folderFiles } from './folder-files.ts';
import { embeddedData, reportInFolder, scratchFolder } from './report-in-folder.ts';
import { writeSampleResults } from './sample-results.ts';

let folder: string;
beforeEach(async () => {
  folder = await scratchFolder();
});
afterEach(() => rm(folder, { recursive: true }));

const readReport = async (options = {}) => await readFile(await reportInFolder(folder, options), 'utf8');
const pictureBytes = (html: string) =>
  [...html.matchAll(/<script type="text\/plain" id="picture-\d+">([^<]*)</g)].map(([, base64 = '']) => base64);

describe('a report', () => {
  it('holds every sample in input order, failed ones in their place', async () => {
    await writeSampleResults(folder, { samples: 45 });

    const { samples, totals } = embeddedData(await readReport());
    expect(samples.map(({ line }) => line)).toEqual(Array.from({ length: 45 }, (_, index) => index + 1));
    expect(samples.filter(({ status }) => status === 'failed').map(({ id }) => id)).toEqual(['scene-7', 'scene-27']);
    expect(totals.samples.failed).toBe(2);
  });

  it('stays below 300 KB without pictures', async () => {
    await writeSampleResults(folder, { samples: 100 });

    expect((await readReport({ images: undefined })).length).toBeLessThan(300_000);
  });

  it('inlines each picture once, however many samples share it', async () => {
    await writeSampleResults(folder, { samples: 30, pictures: 3 });

    expect(pictureBytes(await readReport())).toHaveLength(3);
  });

  it('never exceeds the picture budget, and links further pictures', async () => {
    await writeSampleResults(folder, { samples: 40, pictures: 40, grain: true });

    const html = await readReport({ pictureBudget: 60_000 });
    const inlined = pictureBytes(html);
    expect(inlined.length).toBeGreaterThan(0);
    expect(inlined.join('').length).toBeLessThanOrEqual(60_000);
    const linked = embeddedData(html).samples.filter(({ picture }) => picture === undefined);
    expect(linked.length).toBeGreaterThan(0);
    expect(linked[0]?.link?.href).toMatch(/^\.\/img\/scene-\d+\.jpg$/);
  });

  it('turns pictures upright', async () => {
    await writeSampleResults(folder, { samples: 1 });
    await writeFile(
      join(folder, 'img', 'scene-0.jpg'),
      await sharp(await photograph(drawScene(1)))
        .withMetadata({ orientation: 6 })
        .toBuffer(),
    );

    const [base64 = ''] = pictureBytes(await readReport());
    const { width = 0, height = 0 } = await sharp(Buffer.from(base64, 'base64')).metadata();
    expect([width, height]).toEqual([440, 640]);
  });

  it('shows a signed link with its end only where the picture is not inlined', async () => {
    await writeSampleResults(folder, { samples: 4, pictures: 2 });
    await rm(join(folder, 'img', 'scene-1.jpg'));
    const linkTo = async (path: string) => ({
      href: `https://bucket.s3.amazonaws.com/${path}?X-Amz-Signature=1`,
      lapses: '2026-01-02T03:04:05Z',
    });

    const html = await readReport({ linkTo });
    expect(embeddedData(html).samples.map(({ picture, link }) => [picture, link?.lapses])).toEqual([
      [0, undefined],
      [undefined, '2026-01-02T03:04:05Z'],
      [0, undefined],
      [undefined, '2026-01-02T03:04:05Z'],
    ]);
    expect(html).toContain('img-src data: https://bucket.s3.amazonaws.com;');
  });

  it('loses only one link for a picture that cannot be linked, with a notice', async () => {
    await writeSampleResults(folder, { samples: 3, pictures: 3 });
    const linkTo = async (path: string) => {
      if (path.includes('scene-1')) throw new URIError('URI malformed');
      return { href: `./${path}` };
    };

    const { samples, notices } = embeddedData(await readReport({ images: undefined, linkTo }));
    expect(samples.map(({ link }) => link !== undefined)).toEqual([true, false, true]);
    expect(notices).toContain('1 picture could not be linked, the first of line 2: URI malformed.');
  });

  it('has a notice when it is sampled, and counts all lines nevertheless', async () => {
    await writeSampleResults(folder, { samples: 300 });

    const { notices, samples, totals } = embeddedData(await readReport({ maxSamples: 50 }));
    expect(samples).toHaveLength(50);
    expect(notices[0]).toContain('50 of 300 samples are shown');
    expect(totals.samples.ok + totals.samples.partial + totals.samples.failed).toBe(300);
  });

  it('names lines it could not read', async () => {
    await writeSampleResults(folder, { samples: 5 });
    const complete = await readFile(join(folder, 'annotations.jsonl'), 'utf8');
    await writeFile(join(folder, 'annotations.jsonl'), complete.slice(0, -200));

    expect(embeddedData(await readReport()).notices).toEqual(['1 result line could not be read: annotations.jsonl line 5.']);
  });

  it('shows the evaluation with the results, and always its worst samples', async () => {
    await writeSampleResults(folder, { samples: 300 });
    const worst = [
      { line: 299, iou: 0.4, expression: 'a red car' },
      { line: 123, iou: 0.1 },
    ];
    await writeFile(
      join(folder, 'evaluation.json'),
      JSON.stringify({ truth: 'truth.jsonl', figures: [{ name: 'Mean IoU', value: 0.7 }], worst }),
    );

    const { evaluation, samples } = embeddedData(await readReport({ maxSamples: 10 }));
    expect(evaluation?.worst.map(({ line }) => line)).toEqual([123, 299]);
    expect(samples.map(({ line }) => line)).toEqual(expect.arrayContaining([123, 299]));
  });

  it('has a notice when the evaluation cannot be read', async () => {
    await writeSampleResults(folder, { samples: 2 });
    await writeFile(join(folder, 'evaluation.json'), '{"figures": 3}');

    expect(embeddedData(await readReport()).notices[0]).toContain('evaluation.json could not be read');
  });

  it('is the same bytes on every run', async () => {
    await writeSampleResults(folder, { samples: 20 });

    expect(await readReport()).toBe(await readReport());
  });

  it('refuses a folder without results, with the fix', async () => {
    await expect(reportInFolder(folder)).rejects.toThrow(/no results in .*annotations\.jsonl is missing; run "groundline generate" first/);
  });

  it('leaves nothing half-written when it is aborted', async () => {
    await writeSampleResults(folder, { samples: 5 });
    const results = folderFiles(folder);

    await expect(reportInFolder(folder, { results, signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
    expect((await readdir(folder)).filter((name) => name.startsWith('report'))).toEqual([]);
  });
});
