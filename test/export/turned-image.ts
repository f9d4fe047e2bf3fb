import sharp from 'sharp';
import type { Box } from '#core/box.ts';

/** What undoes the turn that a viewer makes for an EXIF orientation: clockwise degrees, then a mirror from left to right. */
const undo: Readonly<Record<number, { readonly degrees: number; readonly mirror: boolean }>> = {
  1: { degrees: 0, mirror: false },
  2: { degrees: 0, mirror: true },
  3: { degrees: 180, mirror: false },
  4: { degrees: 180, mirror: true },
  5: { degrees: 90, mirror: true },
  6: { degrees: 270, mirror: false },
  7: { degrees: 270, mirror: true },
  8: { degrees: 90, mirror: false },
};

const RED = { r: 220, g: 20, b: 20 };

/** A JPEG whose upright picture is grey with one red box, stored the way a camera with this orientation stores it. */
export async function drawTurned(size: { width: number; height: number }, [x1, y1, x2, y2]: Box, orientation: number): Promise<Uint8Array> {
  const upright = sharp({ create: { ...size, channels: 3, background: { r: 90, g: 90, b: 90 } } }).composite([
    { input: { create: { width: x2 - x1, height: y2 - y1, channels: 3, background: RED } }, left: x1, top: y1 },
  ]);
  const { degrees, mirror } = undo[orientation] ?? { degrees: 0, mirror: false };
  const turned = sharp(await upright.png().toBuffer()).rotate(degrees);
  const stored = await sharp(await turned.png().toBuffer())
    .flop(mirror)
    .png()
    .toBuffer();
  return await sharp(stored).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).withMetadata({ orientation }).toBuffer();
}

/** The corners of the red pixels of a file, as stored or as a viewer turns it, and the size of that picture. */
export async function findRed(
  file: Uint8Array | string,
  frame: 'upright' | 'stored',
): Promise<{ box: Box; width: number; height: number }> {
  const picture = frame === 'upright' ? sharp(file).autoOrient() : sharp(file);
  const { data, info } = await picture.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const box: Box = [info.width, info.height, 0, 0];
  for (let y = 0; y < info.height; y++)
    for (let x = 0; x < info.width; x++) {
      const at = (y * info.width + x) * info.channels;
      if ((data[at] ?? 0) < 160 || (data[at + 1] ?? 255) > 60) continue;
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x + 1);
      box[3] = Math.max(box[3], y + 1);
    }
  return { box, width: info.width, height: info.height };
}
