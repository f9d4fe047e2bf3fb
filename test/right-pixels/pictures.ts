import sharp from 'sharp';
import type { Box, Size } from '#core/box.ts';
import { background, type Colour, colours } from './colours.ts';

/** A coloured rectangle, in pixels of the upright picture. */
export interface Rectangle {
  readonly colour: Colour;
  readonly box: Box;
}

/** An upright picture, and how its file is to store it. */
export interface Picture extends Size {
  readonly rectangles: readonly Rectangle[];
  readonly orientation: number;
  readonly format: 'jpeg' | 'png' | 'webp' | 'avif' | 'tiff' | 'gif';
}

/** The file of a picture, turned by its orientation and with the tag for it. Written from EXIF's own table, not from Groundline's code. */
export async function drawPicture({ width, height, rectangles, orientation, format }: Picture): Promise<Buffer> {
  const stored = orientation >= 5 ? { width: height, height: width } : { width, height };
  const pixels = Buffer.alloc(stored.width * stored.height * 3);
  paint(pixels, stored, [0, 0, stored.width, stored.height], background);
  for (const { colour, box } of rectangles) paint(pixels, stored, store(box, stored, orientation), colours[colour]);
  const picture = sharp(pixels, { raw: { ...stored, channels: 3 } });
  const tagged = orientation === 1 ? picture : picture.withMetadata({ orientation });
  const quality = format === 'jpeg' || format === 'webp' || format === 'avif' ? { quality: 95 } : {};
  const chroma = format === 'jpeg' || format === 'avif' ? { chromaSubsampling: '4:4:4' } : {};
  return tagged.toFormat(format, { ...quality, ...chroma }).toBuffer();
}

/** A box of the upright picture, in pixels of the stored one. */
function store([x1, y1, x2, y2]: Box, { width: w, height: h }: Size, orientation: number): Box {
  const places: Record<number, Box> = {
    1: [x1, y1, x2, y2],
    2: [w - x2, y1, w - x1, y2],
    3: [w - x2, h - y2, w - x1, h - y1],
    4: [x1, h - y2, x2, h - y1],
    5: [y1, x1, y2, x2],
    6: [y1, h - x2, y2, h - x1],
    7: [w - y2, h - x2, w - y1, h - x1],
    8: [w - y2, x1, w - y1, x2],
  };
  return places[orientation] as Box;
}

function paint(pixels: Buffer, { width }: Size, [x1, y1, x2, y2]: Box, colour: readonly number[]): void {
  const row = Buffer.alloc((x2 - x1) * 3, Buffer.from(colour));
  for (let y = y1; y < y2; y += 1) row.copy(pixels, (y * width + x1) * 3);
}
