import type { Size } from '#core/box.ts';
import { SampleError } from '#core/errors.ts';
import { ascii, type HeaderReader, type ImageHeader, type Orientation, undecodable } from './image-header.ts';
import { upright } from './orientation.ts';
import { readGif } from './read-gif.ts';
import { readHeif } from './read-heif.ts';
import { readJpeg } from './read-jpeg.ts';
import { readPng } from './read-png.ts';
import { readTiff } from './read-tiff.ts';
import { readWebp } from './read-webp.ts';

export interface ImageLimits {
  readonly maxBytes: number;
  readonly maxPixels: number;
}

/** The facts of an image by its header. Width and height are upright; `orientation` is that of the stored file. */
export interface ImageInfo extends Size {
  readonly orientation: Orientation;
  readonly mimeType: string;
  /** One frame of opaque 8-bit grey or RGB, which all decoders read in the same way. */
  readonly plain: boolean;
}

const READERS: readonly HeaderReader[] = [readJpeg, readPng, readWebp, readGif, readHeif, readTiff];

/** Signatures of formats that are not supported, so that the message can name them. */
const UNSUPPORTED: readonly (readonly [string, string])[] = [
  ['BM', 'BMP'],
  ['\0\0\x01\0', 'ICO'],
  ['\0\0\x02\0', 'ICO'],
  ['\xff\x0a', 'JPEG XL'],
  ['\0\0\0\x0cJXL ', 'JPEG XL'],
  ['\xff\x4f\xff\x51', 'JPEG 2000'],
  ['\0\0\0\x0cjP  ', 'JPEG 2000'],
  ['<svg', 'SVG'],
  ['<?xml', 'SVG'],
  ['%PDF', 'PDF'],
  ['8BPS', 'Photoshop'],
  ['II+\0', 'BigTIFF'],
  ['MM\0+', 'BigTIFF'],
];

/**
 * Size, orientation and format of an image file, by its header and end marker, without a decoder.
 * Own code, because libraries read the orientation of JPEG only (image-size), or not of WebP and only asynchronously (exifr).
 * Throws `SampleError`: `image_undecodable`, `image_unsupported` or `image_too_large`.
 */
export function measureImage(bytes: Uint8Array, limits: ImageLimits): ImageInfo {
  if (bytes.length === 0) throw undecodable('the image file is empty');
  if (bytes.length > limits.maxBytes)
    throw tooLarge(`the image file has ${bytes.length} bytes, ${limits.maxBytes} are allowed`, 'data.max_image_bytes');
  const header = readHeader(bytes);
  const { width, height, orientation, mimeType, plain } = header;
  if (!(width > 0 && height > 0)) throw undecodable(`the image header is invalid: got ${width} × ${height} pixels`);
  if (width * height > limits.maxPixels)
    throw tooLarge(`the image has ${width} × ${height} pixels, ${limits.maxPixels} in all are allowed`, 'data.max_image_pixels');
  return { ...upright(header, orientation), orientation, mimeType, plain };
}

/** Number of bytes that `beginsAsImage` needs. */
export const BEGIN_BYTES = 4096;
/** No signature is longer. */
const SIGNATURE_BYTES = 16;

/** Whether the first bytes of a file belong to a format that `measureImage` reads. */
export function beginsAsImage(begin: Uint8Array): boolean {
  if (begin.length < SIGNATURE_BYTES) return false;
  const view = new DataView(begin.buffer, begin.byteOffset, begin.byteLength);
  return READERS.some((read) => {
    try {
      return read(begin, view) !== undefined;
    } catch (error) {
      // The reader recognised its format, but the rest of the file is missing.
      if (error instanceof RangeError || error instanceof SampleError) return true;
      throw error;
    }
  });
}

function readHeader(bytes: Uint8Array): ImageHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    for (const read of READERS) {
      const header = read(bytes, view);
      if (header) return header;
    }
  } catch (error) {
    if (error instanceof RangeError)
      throw undecodable(`the image file is cut off within its header (${bytes.length} bytes)`, { cause: error });
    throw error;
  }
  throw unknownFormat(bytes);
}

function unknownFormat(bytes: Uint8Array): SampleError {
  const begin = ascii(bytes, 0, 64);
  const format = UNSUPPORTED.find(([signature]) => begin.startsWith(signature))?.[1];
  if (format) return new SampleError('image_unsupported', `${format} files are not supported: convert it to JPEG or PNG`);
  if (/^\s*<(?:!doctype )?html/i.test(begin)) return undecodable('the file is an HTML page, not an image');
  return undecodable('the file is no image of a known format');
}

const tooLarge = (what: string, setting: string) => new SampleError('image_too_large', `${what}: make it smaller, or raise ${setting}`);
