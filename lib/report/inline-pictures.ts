import type { ImageStore } from '#core/ports.ts';
import { makeThumbnail, thumbnailSide } from './thumbnail.ts';

export interface InlineOptions {
  readonly images: ImageStore;
  /** Bytes of all inlined pictures together, as they stand in the page (base64). */
  readonly budget: number;
  readonly maxPixels: number;
  readonly signal: AbortSignal;
}

export interface InlinedPicture {
  readonly path: string;
  readonly base64: string;
}

/** Decoding is the cost; two at a time keep the reads of one busy while the other decodes. */
const atOnce = 4;

/** Yields a thumbnail for each path in turn until the budget is spent. Pictures that cannot be read or decoded are left out: their sample says why. */
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
