import { z } from 'zod';

/** `[x1, y1, x2, y2]`, half-open corners, in pixels of the upright image unless a name states another unit. */
export const Box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
export type Box = z.infer<typeof Box>;

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Area in square pixels; 0 for a box without extent. */
export function area([x1, y1, x2, y2]: Box): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}

/** Intersection over union, in [0,1]. */
export function iou(a: Box, b: Box): number {
  const intersection = area([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  return intersection === 0 ? 0 : intersection / (area(a) + area(b) - intersection);
}
