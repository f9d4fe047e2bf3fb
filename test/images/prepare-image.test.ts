import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import type { ImagePolicy } from '#core/model-profile.ts';
import { measureImage } from '#images/measure-image.ts';
import { prepareImage } from '#images/prepare-image.ts';
import { look } from '#test/right-pixels/look.ts';
import { drawPicture, type Picture } from '#test/right-pixels/pictures.ts';

const limits = { maxBytes: 50_000_000, maxPixels: 100_000_000 };
const jpegOnly: ImagePolicy = { mimeTypes: ['image/jpeg'], maxBytes: 5_000_000 };
const everything: ImagePolicy = { mimeTypes: ['image/jpeg', 'image/png', 'image/webp', 'image/gif'], maxBytes: 5_000_000 };
const picture: Picture = {
  width: 120,
  height: 80,
  rectangles: [
    { colour: 'red', box: [10, 5, 50, 30] },
    { colour: 'blue', box: [60, 40, 110, 75] },
  ],
  orientation: 1,
  format: 'jpeg',
};
const prepare = (bytes: Uint8Array, policy: ImagePolicy) => prepareImage(bytes, measureImage(bytes, limits), policy);

describe('preparing an image', () => {
  test.each(['jpeg', 'png', 'webp', 'gif'] as const)('an upright %s that the model accepts is sent unchanged', async (format) => {
    const bytes = await drawPicture({ ...picture, format });

    const sent = await prepare(bytes, { ...everything, maxSide: 120, maxPixels: 9600, multipleOf: 40 });

    expect(sent).toEqual({ bytes, mimeType: `image/${format}`, width: 120, height: 80 });
    expect(sent.bytes).toBe(bytes);
  });

  describe.each(['jpeg', 'png', 'webp', 'avif', 'tiff'] as const)('%s', (format) => {
    test.each([1, 2, 3, 4, 5, 6, 7, 8])('stands upright when stored in orientation %i', async (orientation) => {
      const bytes = await drawPicture({ ...picture, format, orientation });

      const sent = await prepare(bytes, { ...jpegOnly, maxSide: 119 });

      const seen = await look(sent.bytes, () => ({ width: 120, height: 80 }));
      expect(sent).toMatchObject({ mimeType: 'image/jpeg', width: 119, height: 79 });
      expect((await sharp(sent.bytes).metadata()).orientation).toBeUndefined();
      for (const { colour, box } of picture.rectangles)
        for (const [corner, value] of box.entries())
          expect(Math.abs((seen.rectangles.find((found) => found.colour === colour)?.box[corner] ?? -99) - value)).toBeLessThanOrEqual(1);
    });
  });

  test('sends the first frame of an animation', async () => {
    const frame = (value: number) => Buffer.alloc(60 * 40 * 3, value);
    const bytes = await sharp(Buffer.concat([frame(10), frame(200)]), { raw: { width: 60, height: 80, channels: 3, pageHeight: 40 } })
      .webp({ lossless: true })
      .toBuffer();

    const sent = await prepare(bytes, everything);

    const { channels } = await sharp(sent.bytes).stats();
    expect(sent).toMatchObject({ mimeType: 'image/jpeg', width: 60, height: 40 });
    expect(channels[0]?.mean).toBeCloseTo(10, 0);
  });

  test('puts what is transparent on white', async () => {
    const bytes = await sharp({ create: { width: 30, height: 20, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } })
      .png()
      .toBuffer();

    const { channels } = await sharp((await prepare(bytes, jpegOnly)).bytes).stats();

    expect(channels.map(({ min }) => min)).toEqual([255, 255, 255]);
  });

  test.each([
    { what: 'CMYK', make: (image: Sharp) => image.toColourspace('cmyk').jpeg({ quality: 100 }) },
    { what: '16-bit', make: (image: Sharp) => image.toColourspace('rgb16').png() },
    { what: '16-bit grey', make: (image: Sharp) => image.toColourspace('grey16').png() },
  ])('sends a $what picture as 8-bit sRGB', async ({ make }) => {
    const bytes = await make(sharp({ create: { width: 30, height: 20, channels: 3, background: { r: 128, g: 128, b: 128 } } })).toBuffer();

    const sent = await prepare(bytes, everything);

    const { channels } = await sharp(sent.bytes).stats();
    expect(await sharp(sent.bytes).metadata()).toMatchObject({ format: 'jpeg', depth: 'uchar' });
    for (const { mean } of channels) expect(Math.abs(mean - 128)).toBeLessThan(20);
  });

  test('a picture shrinks until it fits the byte limit', async () => {
    const noise = Buffer.from(Uint8Array.from({ length: 400 * 300 * 3 }, (_, index) => (index * 2_654_435_761) >>> 13));
    const bytes = await sharp(noise, { raw: { width: 400, height: 300, channels: 3 } })
      .png()
      .toBuffer();

    const sent = await prepare(bytes, { ...everything, maxBytes: 20_000 });

    expect(sent.bytes.length).toBeLessThanOrEqual(20_000);
    expect(sent.width / sent.height).toBeCloseTo(4 / 3, 1);
    expect(await sharp(sent.bytes).metadata()).toMatchObject({ width: sent.width, height: sent.height });
  });

  test('fails a JPEG whose data is damaged, rather than send half of it grey', async () => {
    const bytes = await drawPicture({ ...picture, width: 600, height: 400 });
    const hole = Buffer.concat([bytes.subarray(0, bytes.length - 2000), Buffer.from([0xff, 0xd9])]);

    await expect(prepare(hole, { ...jpegOnly, maxSide: 300 })).rejects.toMatchObject({ code: 'image_undecodable' });
  });

  test('a format that neither model nor decoder reads is an error with a fix', async () => {
    const bytes = await drawPicture({ ...picture, format: 'avif' });
    const heic = { ...measureImage(bytes, limits), mimeType: 'image/heic' };

    await expect(prepareImage(bytes, heic, jpegOnly)).rejects.toMatchObject({
      code: 'image_unsupported',
      message: expect.stringContaining('convert it'),
    });
  });

  test('an upright HEIC is sent unchanged to a model that accepts it', async () => {
    const bytes = await drawPicture({ ...picture, format: 'avif' });
    const heic = { ...measureImage(bytes, limits), mimeType: 'image/heic' };

    const sent = await prepareImage(bytes, heic, { mimeTypes: ['image/heic'], maxBytes: 5_000_000 });

    expect(sent.bytes).toBe(bytes);
  });

  test('can be aborted while others are at work', async () => {
    const bytes = await drawPicture({ ...picture, width: 1500, height: 1000 });
    const info = measureImage(bytes, limits);

    const both = await Promise.allSettled([
      ...Array.from({ length: 8 }, () => prepareImage(bytes, info, { ...jpegOnly, maxSide: 700 })),
      prepareImage(bytes, info, { ...jpegOnly, maxSide: 700 }, AbortSignal.abort()),
    ]);

    expect(both.map(({ status }) => status)).toEqual([...Array(8).fill('fulfilled'), 'rejected']);
  });
});
