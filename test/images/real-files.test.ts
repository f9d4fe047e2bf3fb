import { readdirSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import type { ImagePolicy } from '#core/model-profile.ts';
import { measureImage } from '#images/measure-image.ts';
import { prepareImage } from '#images/prepare-image.ts';
import { isMissing, needing } from '#test/shared-material.ts';

const folder = '../shared/data';
const limits = { maxBytes: 50_000_000, maxPixels: 100_000_000 };
const policy: ImagePolicy = { mimeTypes: ['image/jpeg', 'image/png', 'image/webp'], maxBytes: 15_000_000 };

/** Upright size and whether the bytes go out as they are, or the code of the failure. */
const expected: Record<string, [width: number, height: number, how: 'untouched' | 'redrawn'] | string> = {
  'exif/Landscape_1.jpg': [1800, 1200, 'untouched'],
  'exif/Landscape_2.jpg': [1800, 1200, 'redrawn'],
  'exif/Landscape_3.jpg': [1800, 1200, 'redrawn'],
  'exif/Landscape_4.jpg': [1800, 1200, 'redrawn'],
  'exif/Landscape_5.jpg': [1800, 1200, 'redrawn'],
  'exif/Landscape_6.jpg': [1800, 1200, 'redrawn'],
  'exif/Landscape_7.jpg': [1800, 1200, 'redrawn'],
  'exif/Landscape_8.jpg': [1800, 1200, 'redrawn'],
  'exif/hopper_orientation_6.webp': [128, 128, 'redrawn'],
  'formats/Channel_digital_image_CMYK_color.jpg': [500, 333, 'redrawn'],
  'formats/Flag_of_the_Netherlands-16bit.png': [900, 600, 'redrawn'],
  'formats/animated-loop-3.webp': [370, 285, 'redrawn'],
  'formats/heif-sample.avif': [123, 456, 'redrawn'],
  'formats/hopper.webp': [128, 128, 'untouched'],
  'formats/jpg-progressive.jpg': [123, 456, 'untouched'],
  'formats/sharp-65536-uint32-limit.png': 'image_too_large',
  'formats/sharp-corrupt-header.jpg': 'image_undecodable',
  'formats/sharp-truncated.jpg': 'image_undecodable',
  'formats/webp-lossy.webp': [123, 456, 'untouched'],
};

const prepared = async (file: string) => {
  const bytes = readFileSync(`${folder}/${file}`);
  const info = measureImage(bytes, limits);
  const sent = await prepareImage(bytes, info, policy);
  return { bytes, info, sent };
};

/** The upright picture by an independent path, in few enough pixels to compare. */
const thumbnail = (bytes: Uint8Array) =>
  sharp(bytes, { autoOrient: true })
    .resize(24, 16, { fit: 'fill' })
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .raw()
    .toBuffer();

const difference = (a: Buffer, b: Buffer) => a.reduce((sum, value, index) => sum + Math.abs(value - (b[index] ?? 0)), 0) / a.length;

describe.skipIf(isMissing(folder))(needing(folder, 'real image files'), () => {
  test('are all in the table', () => {
    const found = ['exif', 'formats'].flatMap((name) => readdirSync(`${folder}/${name}`).map((file) => `${name}/${file}`));

    expect(Object.keys(expected).toSorted()).toEqual(found.toSorted());
  });

  test.each(Object.entries(expected))('%s', async (file, outcome) => {
    if (typeof outcome === 'string') return expect(prepared(file)).rejects.toMatchObject({ name: 'SampleError', code: outcome });
    const [width, height, how] = outcome;

    const { bytes, info, sent } = await prepared(file);

    expect(info).toMatchObject({ width, height });
    expect(sent).toMatchObject({ width, height });
    expect(await sharp(sent.bytes).metadata()).toMatchObject({ width, height });
    expect(sent.bytes === bytes).toBe(how === 'untouched');
    return expect(difference(await thumbnail(sent.bytes), await thumbnail(bytes))).toBeLessThan(4);
  });

  test('show the same scene in all eight orientations', async () => {
    const first = await thumbnail((await prepared('exif/Landscape_1.jpg')).sent.bytes);

    for (const orientation of [2, 3, 4, 5, 6, 7, 8])
      expect(difference(await thumbnail((await prepared(`exif/Landscape_${orientation}.jpg`)).sent.bytes), first)).toBeLessThan(8);
  });
});
