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

/** Formats that the decoder reads. */
const DECODABLE = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif', 'image/tiff']);

/** JPEG qualities, from the usual one down to the lowest that shows things, for servers with small byte limits. */
const QUALITIES = [90, 75, 50] as const;

/**
 * The bytes for a model: the file's own bytes if the model accepts them, else a JPEG of the upright picture in the size of the policy.
 * JPEG for all sources: quality 90 without chroma subsampling loses nothing that matters for boxes, and a PNG of a photo is five times as large.
 * Throws `SampleError` (`image_undecodable`, `image_unsupported`, `image_too_large`); a truncated file is never sent half grey.
 */
export async function prepareImage(bytes: Uint8Array, info: ImageInfo, policy: ImagePolicy, signal?: AbortSignal): Promise<SentImage> {
  const size = fitSize(info, policy);
  const isRightSize = size.width === info.width && size.height === info.height;
  const isAccepted = policy.mimeTypes.includes(info.mimeType) && bytes.length <= policy.maxBytes;
  if (info.orientation === 1 && info.plain && isAccepted && isRightSize) return { bytes, mimeType: info.mimeType, ...size };
  if (!DECODABLE.has(info.mimeType))
    throw new SampleError(
      'image_unsupported',
      `this model does not accept this ${info.mimeType} file: convert it to an upright JPEG or PNG`,
    );
  return limitConcurrency(() => redraw(bytes, info, size, policy), signal);
}

/** Encodes the picture in decreasing qualities and sizes until it fits the byte limit. */
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
    `the image does not fit into the ${policy.maxBytes} bytes that this model accepts: make it smaller`,
  );
}

async function encode(bytes: Uint8Array, info: ImageInfo, target: Size, quality: number): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const turnedByDecoder = info.mimeType === 'image/avif'; // its decoder applies the rotation
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

/** Loads sharp for the first picture that needs it: most runs send files unchanged. */
async function loadSharp() {
  try {
    return (await import('sharp')).default;
  } catch (error) {
    throw new UsageError(
      'cannot rotate or resize images: the package sharp cannot be loaded; fix: install again, with optional dependencies',
      {
        cause: error,
      },
    );
  }
}

/** Requires equal sizes from header and decoder: otherwise all boxes would be wrong. */
async function requireSize(picture: Sharp, { width, height }: Size): Promise<void> {
  const decoded = await picture.metadata();
  if (decoded.width !== width || decoded.height !== height)
    throw new Error(`got ${decoded.width} × ${decoded.height} pixels from its data, expected ${width} × ${height} from its header`);
}

/** Makes a picture upright by the measured orientation instead of the decoder's, so that sizes and pixels agree. */
function turn(picture: Sharp, orientation: Orientation): Sharp {
  const { mirror, degrees } = findTurn(orientation);
  const mirrored = mirror ? picture.flop() : picture;
  return degrees === 0 ? mirrored : mirrored.rotate(degrees);
}

/** The first line of the decoder's message: the others repeat it. */
const describeReason = (error: unknown) => (error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
