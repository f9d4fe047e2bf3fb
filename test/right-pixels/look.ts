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

/** Below this share of the picture, below so many pixels and thinner than this, a spot is an edge or noise of the coding. */
const NOISE_SHARE = 0.0005;
const NOISE_PIXELS = 6;
const NOISE_SIDE = 3;

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
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly pixels: number;
}

/** Row by row: a run of one colour joins the spots of that colour that it touches in the row above, and joins them to each other. */
function findRectangles(data: Buffer, { width, height }: Size): Rectangle[] {
  let spots: Spot[] = [];
  for (let y = 0; y < height; y += 1) {
    for (const [colour, x1, x2] of runs(data, width, y)) {
      let spot: Spot = { colour, x1, y1: y, x2, y2: y + 1, pixels: x2 - x1 };
      const touched = spots.filter((known) => known.colour === colour && known.y2 >= y && known.x1 < x2 && known.x2 > x1);
      for (const known of touched) spot = join(known, spot);
      spots = [...spots.filter((known) => !touched.includes(known)), spot];
    }
  }
  const least = Math.max(NOISE_PIXELS, NOISE_SHARE * width * height);
  return spots
    .filter(({ pixels, x1, x2, y1, y2 }) => pixels >= least && x2 - x1 >= NOISE_SIDE && y2 - y1 >= NOISE_SIDE)
    .map(({ colour, x1, y1, x2, y2 }) => ({ colour: NAMES[colour - 1] as Colour, box: [x1, y1, x2, y2] }));
}

const join = (a: Spot, b: Spot): Spot => ({
  colour: a.colour,
  x1: Math.min(a.x1, b.x1),
  y1: Math.min(a.y1, b.y1),
  x2: Math.max(a.x2, b.x2),
  y2: Math.max(a.y2, b.y2),
  pixels: a.pixels + b.pixels,
});

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
