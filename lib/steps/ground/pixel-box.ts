import { area, type Box, iou, type Size } from '#core/box.ts';
import type { BoxConvention } from '#core/model-profile.ts';

/** IoU above which two boxes of one expression are duplicates. */
const DUPLICATE_IOU = 0.9;

/** Converts a model's four numbers to corners in the upright image. No other code applies a box convention. The result is not yet ordered, clamped or rounded. */
export function toPixels(
  numbers: readonly [number, number, number, number],
  { order, scale }: Omit<BoxConvention, 'key'>,
  sent: Size,
  upright: Size,
): Box {
  const [a, b, c, d] = numbers;
  const [x1, y1, x2, y2] = order === 'yxyx' ? [b, a, d, c] : [a, b, c, d];
  const x = upright.width / (scale === 'pixels' ? sent.width : scale);
  const y = upright.height / (scale === 'pixels' ? sent.height : scale);
  return [x1 * x, y1 * y, x2 * x, y2 * y];
}

/** Whether numbers are fractions although the convention has a larger scale. Read in that scale, they would be one corner pixel. */
export function isOffScale(numbers: readonly number[], { scale }: Pick<BoxConvention, 'scale'>): boolean {
  return scale !== 1 && numbers.every((number) => number >= 0 && number <= 1) && !numbers.every(Number.isInteger);
}

export type UnusableBox = 'box_outside' | 'box_without_area';

/** Orders the corners, clamps them to the frame and rounds them. Returns the reason where the result is no usable box. */
export function fitBox([a, b, c, d]: Box, { width, height }: Size): Box | UnusableBox {
  const ordered: Box = [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
  if (area(ordered) === 0) return 'box_without_area';
  const [x1, y1, x2, y2] = ordered;
  const clamped: Box = [clamp(x1, width), clamp(y1, height), clamp(x2, width), clamp(y2, height)];
  if (area(clamped) < area(ordered) / 2) return 'box_outside';
  const [left, right] = roundToPixels(clamped[0], clamped[2], width);
  const [top, bottom] = roundToPixels(clamped[1], clamped[3], height);
  return [left, top, right, bottom];
}

/** Whether `others` holds a near-duplicate of the box. */
export function isRepeated(box: Box, others: readonly Box[]): boolean {
  return others.some((other) => iou(box, other) > DUPLICATE_IOU);
}

const clamp = (value: number, end: number) => Math.min(Math.max(value, 0), end);

/** Rounds both ends. A range below one pixel becomes that pixel. */
function roundToPixels(start: number, end: number, size: number): [number, number] {
  const [first, last] = [Math.round(start), Math.round(end)];
  if (first < last) return [first, last];
  const pixel = Math.min(Math.floor(start), size - 1);
  return [pixel, pixel + 1];
}
