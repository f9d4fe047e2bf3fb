import type { Sharp } from 'sharp';
import type { Size } from '#core/box.ts';
import { SampleError, UsageError } from '#core/errors.ts';
import type { ImagePolicy } from '#core/model-profile.ts';
import type { SentImage } from '#core/ports.ts';
import { fitSize } from './fit-size.ts';
import { type Orientation, undecodable } from './image-header.ts';
import { limitConcurrency } from './limit-concurrency.ts';
import type { ImageInfo } from './measure-image.ts';
import { findTurn, upright } from './orientation.ts';

/** Formats of the header table that the decoder reads. */
const DECODABLE = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif', 'image/tiff']);

/** JPEG quality, from the usual one down to what still shows things, for servers that take few bytes. */
const QUALITIES = [90, 75, 50] as const;

/**
 * The bytes that go to a model: the file's own wherever the model can take them, else a JPEG of the upright picture at the size the model wants.
 * JPEG for every source, as boxes do not hang on what quality 90 without chroma subsampling loses, while a PNG of a photo is five times as large.
 * Throws `SampleError` `image_undecodable` or `image_unsupported`; a cut-off file is never sent half grey.
 */
export async function prepareImage(bytes: Uint8Array, info: ImageInfo, policy: ImagePolicy, signal?: AbortSignal): Promise<SentImage> {
  const size = fitSize(info, policy);
  const isRightSize = size.width === info.width && size.height === info.height;
  const isAccepted = policy.mimeTypes.includes(info.mimeType) && bytes.length <= policy.maxBytes;
  if (info.orientation === 1 && info.plain && isAccepted && isRightSize) return { bytes, mimeType: info.mimeType, ...size };
  if (!DECODABLE.has(info.mimeType))
    throw new SampleError('image_unsupported', `this model takes no ${info.mimeType} like this one: convert it to an upright JPEG or PNG`);
  return limitConcurrency(() => redraw(bytes, info, size, policy), signal);
}

/** Tries smaller and smaller renderings until one fits into the bytes the server takes. */
async function redraw(bytes: Uint8Array, info: ImageInfo, size: Size, policy: ImagePolicy): Promise<SentImage> {
  for (let shrink = 1; shrink > 0.1; shrink *= 0.7) {
    const target =
      shrink === 1 ? size : fitSize({ width: Math.ceil(size.width * shrink), height: Math.ceil(size.height * shrink) }, policy);
    for (const quality of QUALITIES) {
      const data = await encode(bytes, info, target, quality);
      if (data.length <= policy.maxBytes) return { bytes: data, mimeType: 'image/jpeg', ...target };
    }
  }
  throw new SampleError(
    'image_too_large',
    `the image does not fit into the ${policy.maxBytes} bytes that this model takes: make it smaller`,
  );
}

async function encode(bytes: Uint8Array, info: ImageInfo, target: Size, quality: number): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const turnedByDecoder = info.mimeType === 'image/avif'; // its turns are a part of its coding
  const stored = turnedByDecoder ? 1 : info.orientation;
  try {
    const picture = sharp(bytes, { failOn: 'warning', limitInputPixels: info.width * info.height });
    await requireSize(picture, upright(info, stored));
    return await turn(picture.resize({ ...upright(target, stored), fit: 'fill' }), stored)
      .flatten({ background: 'white' })
      .toColourspace('srgb')
      .jpeg({ quality, chromaSubsampling: '4:4:4' })
      .toBuffer();
  } catch (error) {
    throw undecodable(`the image cannot be decoded (${describeReason(error)})`, { cause: error });
  }
}

/** Loaded when the first picture needs it: most runs send files as they are. */
async function loadSharp() {
  try {
    return (await import('sharp')).default;
  } catch (error) {
    throw new UsageError('images have to be turned or resized, but sharp cannot be loaded: install again, with optional dependencies', {
      cause: error,
    });
  }
}

/** Header and decoder must speak of the same frame, or every box would be off. */
async function requireSize(picture: Sharp, { width, height }: Size): Promise<void> {
  const decoded = await picture.metadata();
  if (decoded.width !== width || decoded.height !== height)
    throw new Error(`its header says ${width} × ${height} pixels, its data ${decoded.width} × ${decoded.height}`);
}

/** By the orientation we measured, not by the decoder's reading of it: one truth for sizes and pixels. */
function turn(picture: Sharp, orientation: Orientation): Sharp {
  const { mirror, degrees } = findTurn(orientation);
  const mirrored = mirror ? picture.flop() : picture;
  return degrees === 0 ? mirrored : mirrored.rotate(degrees);
}

/** The decoder's first line: it repeats itself. */
const describeReason = (error: unknown) => (error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
