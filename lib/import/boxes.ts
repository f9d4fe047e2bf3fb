import { z } from 'zod';
import type { Box } from '#core/box.ts';

const number = z.number();
/** Four numbers in the data set's own meaning. */
export const BoxNumbers = z.tuple([number, number, number, number]);
type BoxNumbers = z.infer<typeof BoxNumbers>;

/** COCO's `[x, y, width, height]` as corners, to a hundredth of a pixel like COCO's own numbers. */
export function fromCorner([x, y, width, height]: BoxNumbers): Box {
  return [x, y, hundredths(x + width), hundredths(y + height)];
}

/** Adding floats makes digits that are not in the data: 73.53 + 122.01 = 195.54000000000002. */
const hundredths = (value: number) => Math.round(value * 100) / 100;

export function hasArea([x1, y1, x2, y2]: Box): boolean {
  return x2 > x1 && y2 > y1;
}
