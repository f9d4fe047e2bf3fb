import { area, type Box, iou, type Size } from '#core/box.ts';
import type { BoxConvention } from '#core/model-profile.ts';

/** Boxes of one expression that overlap more than this are one. */
const SAME = 0.9;

/** A model's four numbers as corners in the upright image: the one place where conventions are applied. Not yet ordered, clamped or rounded. */
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

/** Fractions of the image where its side is divided into hundreds: read as they stand, they would be a corner pixel. */
export function isOffScale(numbers: readonly number[], { scale }: Pick<BoxConvention, 'scale'>): boolean {
  return scale !== 1 && numbers.every((number) => number >= 0 && number <= 1) && !numbers.every(Number.isInteger);
}

export type UnusableBox = 'box_outside' | 'box_without_area';

/** Orders the corners, clamps them to the frame and rounds; or says why this can be no box in it. */
export function fitBox([a, b, c, d]: Box, { width, height }: Size): Box | UnusableBox {
  const ordered: Box = [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
  if (area(ordered) === 0) return 'box_without_area';
  const [x1, y1, x2, y2] = ordered;
  const clamped: Box = [clamp(x1, width), clamp(y1, height), clamp(x2, width), clamp(y2, height)];
  if (area(clamped) < area(ordered) / 2) return 'box_outside';
  const [left, right] = wholePixels(clamped[0], clamped[2], width);
  const [top, bottom] = wholePixels(clamped[1], clamped[3], height);
  return [left, top, right, bottom];
}

/** Whether an equal box, all but for a little, is among `others`. */
export function isRepeated(box: Box, others: readonly Box[]): boolean {
  return others.some((other) => iou(box, other) > SAME);
}

const clamp = (value: number, end: number) => Math.min(Math.max(value, 0), end);

/** Rounds both ends; what is thinner than a pixel becomes the pixel it lies in. */
function wholePixels(start: number, end: number, size: number): [number, number] {
  const [first, last] = [Math.round(start), Math.round(end)];
  if (first < last) return [first, last];
  const pixel = Math.min(Math.floor(start), size - 1);
  return [pixel, pixel + 1];
}
