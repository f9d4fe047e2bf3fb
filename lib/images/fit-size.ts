import type { Size } from '#core/box.ts';
import type { ImagePolicy } from '#core/profile.ts';

type SizePolicy = Pick<ImagePolicy, 'maxSide' | 'maxPixels' | 'minPixels' | 'multipleOf'>;

/**
 * The size at which a model's server leaves an image alone. A size that fits already stays as it is.
 * Where sides have to be multiples, each is rounded by itself: the shape may change a little, and boxes are scaled back per axis.
 */
export function fitSize({ width, height }: Size, policy: SizePolicy): Size {
  const { maxSide = Number.POSITIVE_INFINITY, maxPixels = Number.POSITIVE_INFINITY, minPixels = 0, multipleOf: step = 1 } = policy;
  const pixels = width * height;
  const wanted = pixels < minPixels ? Math.sqrt(minPixels / pixels) : 1;
  const scale = Math.min(wanted, maxSide / Math.max(width, height), Math.sqrt(maxPixels / pixels));
  const round = scale < 1 ? Math.floor : scale > 1 ? Math.ceil : Math.round;
  const side = (length: number) => Math.max(step, Math.min(step * round((length * scale) / step), step * Math.floor(maxSide / step)));
  const fitted = { width: side(width), height: side(height) };
  return within(fitted, step, maxPixels);
}

/** Rounding may pass the limit by a step: the longer side gives way. */
function within(size: Size, step: number, maxPixels: number): Size {
  let { width, height } = size;
  while (width * height > maxPixels && Math.max(width, height) > step) {
    if (width >= height) width -= step;
    else height -= step;
  }
  return { width, height };
}
