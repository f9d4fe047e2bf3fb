import type { ImageStore } from '#core/ports.ts';
import { makeThumbnail, thumbnailSide } from './thumbnail.ts';

export interface InlineOptions {
  readonly images: ImageStore;
  /** The limit for all inlined pictures together, in bytes of the page (base64). */
  readonly budget: number;
  readonly maxPixels: number;
  readonly signal: AbortSignal;
}

export interface InlinedPicture {
  readonly path: string;
  readonly base64: string;
}

/** Pictures in progress: some are read while others are decoded, the slower part. */
const atOnce = 4;

/** Yields a thumbnail for each path in turn until the budget is used up. Unreadable pictures are left out; their sample shows the reason. */
export async function* inlinePictures(paths: readonly string[], options: InlineOptions): AsyncGenerator<InlinedPicture> {
  const side = thumbnailSide(paths.length, (options.budget * 3) / 4);
  let left = options.budget;
  for (let start = 0; start < paths.length && left > 0; start += atOnce) {
    options.signal.throwIfAborted();
    const group = await Promise.all(paths.slice(start, start + atOnce).map((path) => picture(path, side, options)));
    for (const inlined of group) {
      if (inlined === undefined || inlined.base64.length > left) continue;
      left -= inlined.base64.length;
      yield inlined;
    }
  }
}

async function picture(path: string, side: number, { images, maxPixels, signal }: InlineOptions): Promise<InlinedPicture | undefined> {
  try {
    const thumbnail = await makeThumbnail(await images.read(path, signal), side, maxPixels);
    return { path, base64: Buffer.from(thumbnail).toString('base64') };
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
