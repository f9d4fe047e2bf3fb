import sharp from 'sharp';
import type { Size } from '#core/box.ts';
import { background, type Colour, colours } from './colours.ts';
import type { Rectangle } from './pictures.ts';

/** What there is to see in an image file, in its own stored pixels: no EXIF is applied, as many servers apply none. */
export interface Seen extends Size {
  readonly rectangles: readonly Rectangle[];
}

const NAMES = Object.keys(colours) as Colour[];
const PALETTE: readonly (readonly number[])[] = [background, ...NAMES.map((name) => colours[name])];

/** Below this share of the picture, and below so many pixels, a spot is noise of the coding. */
const NOISE_SHARE = 0.0005;
const NOISE_PIXELS = 6;

/** Decodes an image, as a model's server would at this size, and finds its coloured rectangles. */
export async function look(bytes: Uint8Array, resize: (size: Size) => Size = (size) => size): Promise<Seen> {
  const { width, height } = await sharp(bytes).metadata();
  const size = resize({ width, height });
  const isResized = size.width !== width || size.height !== height;
  const picture = isResized ? sharp(bytes).resize({ ...size, fit: 'fill' }) : sharp(bytes);
  const { data } = await picture.toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { ...size, rectangles: findRectangles(data, size) };
}

interface Spot {
  readonly colour: number;
  x1: number;
  readonly y1: number;
  x2: number;
  y2: number;
  pixels: number;
}

/** Row by row: a run of one colour joins the spot of that colour that it touches in the row above. */
function findRectangles(data: Buffer, { width, height }: Size): Rectangle[] {
  const spots: Spot[] = [];
  for (let y = 0; y < height; y += 1) {
    for (const [colour, x1, x2] of runs(data, width, y)) {
      const spot = spots.find((known) => known.colour === colour && known.y2 >= y && known.x1 < x2 && known.x2 > x1);
      if (!spot) spots.push({ colour, x1, y1: y, x2, y2: y + 1, pixels: x2 - x1 });
      else {
        spot.x1 = Math.min(spot.x1, x1);
        spot.x2 = Math.max(spot.x2, x2);
        spot.y2 = y + 1;
        spot.pixels += x2 - x1;
      }
    }
  }
  const least = Math.max(NOISE_PIXELS, NOISE_SHARE * width * height);
  return spots
    .filter(({ pixels }) => pixels >= least)
    .map(({ colour, x1, y1, x2, y2 }) => ({ colour: NAMES[colour - 1] as Colour, box: [x1, y1, x2, y2] }));
}

function* runs(data: Buffer, width: number, y: number): Generator<[colour: number, x1: number, x2: number]> {
  let [colour, start, last] = [0, 0, -1];
  for (let x = 0; x < width; x += 1) {
    const at = (y * width + x) * 3;
    const pixel = data.readUIntBE(at, 3);
    if (pixel === last) continue;
    last = pixel;
    const next = nearest(pixel);
    if (next === colour) continue;
    if (colour > 0) yield [colour, start, x];
    [colour, start] = [next, x];
  }
  if (colour > 0) yield [colour, start, width];
}

function nearest(pixel: number): number {
  const [r, g, b] = [pixel >> 16, (pixel >> 8) & 255, pixel & 255];
  const distance = ([pr = 0, pg = 0, pb = 0]: readonly number[]) => (r - pr) ** 2 + (g - pg) ** 2 + (b - pb) ** 2;
  return PALETTE.reduce((best, colour, index) => (distance(colour) < distance(PALETTE[best] ?? background) ? index : best), 0);
}
