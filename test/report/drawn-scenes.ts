import sharp from 'sharp';

type Box = [number, number, number, number];

export interface DrawnThing {
  readonly phrase: string;
  readonly noun: string;
  readonly box: Box;
}

export interface DrawnScene {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
  readonly things: readonly DrawnThing[];
}

/** A repeatable stream of numbers in [0,1) (mulberry32, public domain). */
export function numbersFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const skies = ['#9cc9e8,#e9f3f7', '#f3c79a,#f9ecd8', '#7fa6c9,#dfe9ef', '#c7b6e0,#f4ecf2'];
const paints = ['red', 'blue', 'green', 'white', 'black', 'yellow'] as const;
const hex = { red: '#c0392b', blue: '#2c5f9e', green: '#3c7d4d', white: '#f2f2ee', black: '#2b2d33', yellow: '#e3b62f' };

/** A landscape of cars, trees, houses and balls whose boxes are known because they were drawn. */
export function drawScene(seed: number, width = 640, height = 440): DrawnScene {
  const next = numbersFrom(seed);
  const [high, low] = (skies[Math.floor(next() * skies.length)] ?? '#9cc9e8,#e9f3f7').split(',');
  const horizon = height * (0.5 + 0.15 * next());
  const things: DrawnThing[] = [];
  let drawing = '';
  const slots = 3 + Math.floor(next() * 2);
  for (let slot = 0; slot < slots; slot++) {
    const left = (slot * width) / slots + 8;
    const room = width / slots - 16;
    const thing = drawThing(Math.floor(next() * 4), left, horizon, room, next, height);
    drawing += thing.svg;
    things.push(thing);
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><defs><linearGradient id="s" x2="0" y2="1"><stop stop-color="${high}"/><stop offset="1" stop-color="${low}"/></linearGradient></defs>
<rect width="${width}" height="${height}" fill="url(#s)"/><rect y="${horizon}" width="${width}" height="${height - horizon}" fill="#8a9a6b"/><rect y="${horizon + 60}" width="${width}" height="${height}" fill="#77885c"/>${drawing}</svg>`;
  return { svg, width, height, things };
}

function drawThing(
  kind: number,
  left: number,
  horizon: number,
  room: number,
  next: () => number,
  height: number,
): DrawnThing & { svg: string } {
  const paint = paints[Math.floor(next() * paints.length)] ?? 'red';
  const base = Math.min(height - 12, horizon + 20 + next() * 90);
  const wide = Math.round(room * (0.65 + 0.3 * next()));
  const x = Math.round(left + (room - wide) * next());
  const boxOf = (tall: number): Box => [x, Math.round(base - tall), x + wide, Math.round(base)];
  if (kind === 0) {
    const box = boxOf(wide * 0.42);
    const [x1, y1, , y2] = box;
    const tall = y2 - y1;
    const svg = `<path d="M${x1},${y2 - tall * 0.2} v${-tall * 0.35} l${wide * 0.18},${-tall * 0.05} l${wide * 0.14},${-tall * 0.4} h${wide * 0.36} l${wide * 0.16},${tall * 0.4} l${wide * 0.16},${tall * 0.1} v${tall * 0.3} z" fill="${hex[paint]}"/><circle cx="${x1 + wide * 0.24}" cy="${y2 - tall * 0.2}" r="${tall * 0.2}" fill="#222"/><circle cx="${x1 + wide * 0.76}" cy="${y2 - tall * 0.2}" r="${tall * 0.2}" fill="#222"/>`;
    return { phrase: `${paint} car`, noun: 'car', box, svg };
  }
  if (kind === 1) {
    const box = boxOf(Math.min(wide * 1.5, base - 20));
    const [x1, y1, x2, y2] = box;
    const middle = (x1 + x2) / 2;
    const svg = `<rect x="${middle - wide * 0.06}" y="${y1 + wide * 0.7}" width="${wide * 0.12}" height="${y2 - y1 - wide * 0.7}" fill="#6b4a2f"/><ellipse cx="${middle}" cy="${y1 + wide * 0.5}" rx="${wide / 2}" ry="${wide * 0.5}" fill="#3f6b43"/>`;
    return { phrase: 'tall tree', noun: 'tree', box, svg };
  }
  if (kind === 2) {
    const box = boxOf(Math.min(wide * 0.95, base - 20));
    const [x1, y1, x2, y2] = box;
    const eaves = y1 + (y2 - y1) * 0.38;
    const svg = `<polygon points="${x1},${eaves} ${(x1 + x2) / 2},${y1} ${x2},${eaves}" fill="#7c4a3a"/><rect x="${x1 + wide * 0.08}" y="${eaves}" width="${wide * 0.84}" height="${y2 - eaves}" fill="${hex[paint]}"/><rect x="${x1 + wide * 0.42}" y="${y2 - (y2 - eaves) * 0.6}" width="${wide * 0.16}" height="${(y2 - eaves) * 0.6}" fill="#4b3426"/>`;
    return { phrase: `small ${paint} house`, noun: 'house', box, svg };
  }
  const size = Math.round(wide * 0.5);
  const box: Box = [x, Math.round(base - size), x + size, Math.round(base)];
  return {
    phrase: `${paint} ball`,
    noun: 'ball',
    box,
    svg: `<circle cx="${x + size / 2}" cy="${base - size / 2}" r="${size / 2}" fill="${hex[paint]}"/>`,
  };
}

/** The scene as a JPEG file; `grain` makes it as heavy as a photograph of its size. */
export async function photograph({ svg, width, height }: DrawnScene, grain = false): Promise<Uint8Array> {
  const drawing = sharp(Buffer.from(svg));
  const grained = grain
    ? drawing.composite([{ input: noise(width, height), raw: { width, height, channels: 3 }, blend: 'soft-light' }])
    : drawing;
  return await grained.jpeg({ quality: 85 }).toBuffer();
}

function noise(width: number, height: number): Buffer {
  const next = numbersFrom(width * height);
  return Buffer.from(Uint8Array.from({ length: width * height * 3 }, () => 64 + 128 * next()));
}
