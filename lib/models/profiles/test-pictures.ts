import type { Box, Size } from '#core/box.ts';
import type { SentImage } from '#core/ports.ts';
import { encodePng } from '#images/encode-png.ts';

/** A drawn picture with its contents. */
export interface TestPicture extends Size {
  readonly rectangles: readonly { readonly colour: 'red' | 'blue'; readonly box: Box }[];
}

/**
 * One landscape, one portrait. Longer than 1000 pixels, so that pixels differ from thousandths. Sides are multiples of 28 and below a megapixel,
 * so that no server resizes them. Rectangles are far from the diagonal and the origin, so that order and scale are visible.
 */
export const testPictures: readonly TestPicture[] = [
  {
    width: 1204,
    height: 700,
    rectangles: [
      { colour: 'red', box: [96, 410, 460, 655] },
      { colour: 'blue', box: [810, 65, 1130, 240] },
    ],
  },
  {
    width: 644,
    height: 1316,
    rectangles: [
      { colour: 'red', box: [355, 120, 600, 430] },
      { colour: 'blue', box: [50, 900, 265, 1240] },
    ],
  },
];

const COLOURS = { red: [220, 30, 30], blue: [30, 60, 220] } as const;
const PAPER = 236;

/** Draws the picture as a PNG. */
export function drawTestPicture({ width, height, rectangles }: TestPicture): SentImage {
  const rgb = Buffer.alloc(width * height * 3, PAPER);
  for (const { colour, box } of rectangles) {
    const [x1, y1, x2, y2] = box;
    const row = Buffer.alloc((x2 - x1) * 3, Buffer.from(COLOURS[colour]));
    for (let y = y1; y < y2; y += 1) rgb.set(row, (y * width + x1) * 3);
  }
  return { bytes: encodePng(rgb, { width, height }), mimeType: 'image/png', width, height };
}
