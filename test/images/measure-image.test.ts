import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { SampleError } from '#core/errors.ts';
import { BEGIN_BYTES, beginsAsImage, type ImageInfo, measureImage } from '#images/measure-image.ts';
import { drawPicture, type Picture } from '#test/right-pixels/pictures.ts';

const limits = { maxBytes: 1_000_000, maxPixels: 1_000_000 };
const orientations = [1, 2, 3, 4, 5, 6, 7, 8];
const picture: Picture = { width: 60, height: 40, rectangles: [], orientation: 1, format: 'jpeg' };
const failure = (bytes: Uint8Array) => {
  try {
    return measureImage(bytes, limits);
  } catch (error) {
    return error;
  }
};

describe('the beginning of a file', () => {
  test.each(['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff'] as const)(
    'is that of an image in a %s, however much of it there is',
    async (format) => {
      const bytes = await drawPicture({ ...picture, width: 300, height: 200, format });

      for (const length of [16, 100, BEGIN_BYTES]) expect(beginsAsImage(bytes.subarray(0, length))).toBe(true);
    },
  );

  test.each(['', 'name,salary\nada,100000\n', '%PDF-1.7 and so on', '<svg xmlns="http://www.w3.org/2000/svg"/>', '\0'.repeat(64)])(
    'is not that of an image in %j',
    (text) => {
      expect(beginsAsImage(Buffer.from(text))).toBe(false);
    },
  );
});

describe('measuring an image', () => {
  describe.each(['jpeg', 'png', 'webp', 'avif', 'tiff'] as const)('%s', (format) => {
    test.each(orientations)('is upright in orientation %i', async (orientation) => {
      const bytes = await drawPicture({ ...picture, orientation, format });

      expect(measureImage(bytes, limits)).toMatchObject({ width: 60, height: 40, orientation, mimeType: `image/${format}` });
    });
  });

  test.each(['jpeg', 'png', 'webp', 'avif', 'gif'] as const)('fails a %s that is cut off', async (format) => {
    const bytes = await drawPicture({ ...picture, width: 300, height: 200, format });

    for (const share of [0.02, 0.3, 0.9])
      expect(failure(bytes.subarray(0, Math.ceil(bytes.length * share)))).toMatchObject({ code: 'image_undecodable' });
  });

  test('measures a HEIC, which differs from an AVIF in its brands and its codec', async () => {
    const avif = await drawPicture({ ...picture, orientation: 6, format: 'avif' });
    const heic = Buffer.from(avif.toString('latin1').replaceAll('avif', 'heic'), 'latin1');

    expect(measureImage(heic, limits)).toMatchObject({ width: 60, height: 40, orientation: 6, mimeType: 'image/heic' });
  });

  test('a GIF is measured, and one frame is distinguished from several', async () => {
    const still = await drawPicture({ ...picture, format: 'gif' });
    const frames = Buffer.concat([Buffer.alloc(60 * 40 * 3, 10), Buffer.alloc(60 * 40 * 3, 200)]);
    const moving = await sharp(frames, { raw: { width: 60, height: 80, channels: 3, pageHeight: 40 } })
      .gif()
      .toBuffer();

    expect(measureImage(still, limits)).toMatchObject({ width: 60, height: 40, mimeType: 'image/gif', plain: true });
    expect(measureImage(moving, limits)).toMatchObject({ width: 60, height: 40, plain: false });
  });

  test.each([
    { what: 'lossy', options: { quality: 50 } },
    { what: 'lossless', options: { lossless: true } },
  ])('measures a $what WebP without extended header', async ({ options }) => {
    const bytes = await sharp({ create: { width: 61, height: 43, channels: 3, background: 'red' } })
      .webp(options)
      .toBuffer();

    expect(measureImage(bytes, limits)).toMatchObject({ width: 61, height: 43, plain: true });
  });

  test.each([
    { what: 'four colours', make: () => sharp({ create: canvas }).toColourspace('cmyk').jpeg() },
    { what: '16 bits', make: () => sharp({ create: canvas }).toColourspace('rgb16').png() },
    { what: 'RGBA', make: () => sharp({ create: glass }).png() },
    { what: 'a transparent palette', make: () => sharp({ create: glass }).png({ palette: true }) },
    { what: 'lossy WebP with alpha', make: () => sharp({ create: glass }).webp() },
    { what: 'lossless WebP with alpha', make: () => sharp({ create: glass }).webp({ lossless: true }) },
  ])('a picture of $what is not plain', async ({ make }) => {
    expect(measureImage(await make().toBuffer(), limits).plain).toBe(false);
  });

  test('an orientation that EXIF does not define means upright', async () => {
    const bytes = await drawPicture({ ...picture, orientation: 8 });
    const tag = bytes.indexOf(Buffer.from([0x12, 0x01])) >= 0 ? [0x12, 0x01] : [0x01, 0x12];
    const at = bytes.indexOf(Buffer.from(tag)) + 8;
    for (const offset of [0, 1]) if (bytes[at + offset] === 8) bytes[at + offset] = 9;

    expect(measureImage(bytes, limits)).toMatchObject({ orientation: 1, width: 40, height: 60 });
  });

  test('a broken EXIF block counts as none', async () => {
    const bytes = await drawPicture({ ...picture, orientation: 6 });
    bytes.fill(0xee, bytes.indexOf('Exif') + 6, bytes.indexOf('Exif') + 14);

    expect(measureImage(bytes, limits)).toMatchObject({ orientation: 1, width: 40, height: 60 });
  });

  test('is not misled by the end marker of a thumbnail inside a cut JPEG', async () => {
    const full = await drawPicture({ ...picture, width: 300, height: 200, orientation: 6 });
    const cut = full.subarray(0, full.length - 2);
    const exif = cut.indexOf('Exif');
    cut.set([0xff, 0xd9], exif + 40);

    expect(failure(cut)).toMatchObject({ code: 'image_undecodable', message: expect.stringContaining('no end marker') });
  });

  test('a JPEG with appended data is complete, as phones write it', async () => {
    const bytes = await drawPicture(picture);

    expect(measureImage(Buffer.concat([bytes, Buffer.from('motion photo data')]), limits)).toMatchObject({ width: 60, height: 40 });
  });

  test('does not call a JPEG plain that only XMP turns, which some decoders follow', async () => {
    const bytes = await sharp(await drawPicture(picture))
      .withXmp('<x xmlns:tiff="t" tiff:Orientation="6"/>')
      .toBuffer();

    expect(measureImage(bytes, limits)).toMatchObject({ orientation: 1, plain: false });
  });

  test('reads bytes that begin in the middle of a buffer', async () => {
    const bytes = await drawPicture({ ...picture, orientation: 6 });
    const inside = Buffer.concat([Buffer.alloc(13, 0xff), bytes]);

    expect(measureImage(new Uint8Array(inside.buffer, inside.byteOffset + 13, bytes.length), limits)).toMatchObject({
      width: 60,
      orientation: 6,
    });
  });

  test('refuses more pixels than allowed before anything is decoded', async () => {
    const bytes = await drawPicture({ ...picture, width: 2000, height: 1000, format: 'png' });

    expect(failure(bytes)).toMatchObject({ code: 'image_too_large', message: expect.stringContaining('2000 × 1000') });
  });

  test('refuses more bytes than allowed', () => {
    expect(failure(Buffer.alloc(1_000_001))).toMatchObject({
      code: 'image_too_large',
      message: expect.stringContaining('max_image_bytes'),
    });
  });

  test.each([
    { begin: '', code: 'image_undecodable', word: 'empty' },
    { begin: 'x', code: 'image_undecodable', word: 'cut off' },
    { begin: 'just some text', code: 'image_undecodable', word: 'no image' },
    { begin: '<!DOCTYPE html><html>', code: 'image_undecodable', word: 'HTML page' },
    { begin: '<svg xmlns="http://www.w3.org/2000/svg"/>', code: 'image_unsupported', word: 'SVG' },
    { begin: 'BM\x10\x00\x00\x00', code: 'image_unsupported', word: 'BMP' },
    { begin: '%PDF-1.7', code: 'image_unsupported', word: 'PDF' },
    { begin: '\xff\x0a\x00\x00', code: 'image_unsupported', word: 'JPEG XL' },
    { begin: '\0\0\0\x0cJXL \r\n', code: 'image_unsupported', word: 'JPEG XL' },
    { begin: '\x89PNG\r\n\x1a\n\0\0\0\x04CgBI', code: 'image_undecodable', word: 'Apple' },
  ])('names what is wrong with a file that begins with "$begin"', ({ begin, code, word }) => {
    expect(failure(Buffer.from(begin, 'latin1'))).toMatchObject({ code, message: expect.stringContaining(word) });
  });

  test.each(['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'] as const)(
    'gives a size within limits or a named reason for any damaged %s',
    async (format) => {
      const full = await drawPicture({ ...picture, orientation: 6, format });
      const places = fc.array(fc.tuple(fc.nat(Math.min(700, full.length - 1)), fc.nat(255)), { minLength: 1, maxLength: 12 });

      fc.assert(
        fc.property(places, fc.integer({ min: 1, max: full.length }), (damages, length) => {
          const bytes = Buffer.from(full.subarray(0, length));
          for (const [at, value] of damages) bytes[at] = value;

          const found = failure(bytes);

          if (found instanceof SampleError) return;
          const { width, height, orientation } = found as ImageInfo;
          expect(width * height).toBeGreaterThan(0);
          expect(width * height).toBeLessThanOrEqual(limits.maxPixels);
          expect(orientations).toContain(orientation);
        }),
        { numRuns: 1000 },
      );
    },
  );

  test('ends on any garbage after any signature', () => {
    for (const begin of [
      '\xff\xd8',
      '\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR',
      'RIFF\xff\0\0\0WEBPVP8X',
      'GIF89a',
      '\0\0\0\x0cftypavif',
      'II*\0\x08\0\0\0',
    ])
      for (const fill of [0x00, 0x01, 0xff])
        expect(failure(Buffer.concat([Buffer.from(begin, 'latin1'), Buffer.alloc(400, fill)]))).toMatchObject({ name: 'SampleError' });
  });
});

const glass = { width: 20, height: 10, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0 } } as const;
const canvas = { width: 20, height: 10, channels: 3, background: 'teal' } as const;
