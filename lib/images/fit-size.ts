import type { Size } from '#core/box.ts';
import type { ImagePolicy } from '#core/model-profile.ts';

type SizePolicy = Pick<ImagePolicy, 'maxSide' | 'maxPixels' | 'minPixels' | 'multipleOf'>;

/**
 * The image size that a model's server does not change. A size that fits the policy stays.
 * With `multipleOf`, each side is rounded separately: the aspect ratio may change a little, and boxes are scaled back per axis.
 */
export function fitSize({ width, height }: Size, policy: SizePolicy): Size {
  const { maxSide = Number.POSITIVE_INFINITY, maxPixels = Number.POSITIVE_INFINITY, minPixels = 0, multipleOf: step = 1 } = policy;
  const pixels = width * height;
  const enough = pixels < minPixels ? Math.sqrt(minPixels / pixels) : 1;
  const scale = Math.min(enough, maxSide / Math.max(width, height), Math.sqrt(maxPixels / pixels));
  const rounded = (round: (steps: number) => number): Size => ({
    width: step * Math.max(1, round((width * scale) / step)),
    height: step * Math.max(1, round((height * scale) / step)),
  });
  const nearest = rounded(Math.round);
  if (nearest.width * nearest.height > maxPixels || Math.max(nearest.width, nearest.height) > maxSide) return rounded(Math.floor);
  return nearest.width * nearest.height < minPixels ? rounded(Math.ceil) : nearest;
}
