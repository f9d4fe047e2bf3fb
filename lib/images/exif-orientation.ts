import type { Orientation } from './image-header.ts';

const ORIENTATION = 0x0112;
const SHORT = 3;

/** The orientation in an EXIF block (a TIFF header and its first directory). Broken, missing or invalid values mean upright, as in viewers. */
export function exifOrientation(exif: Uint8Array): Orientation {
  try {
    const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
    const order = view.getUint16(0);
    if (order !== 0x4949 && order !== 0x4d4d) return 1;
    const little = order === 0x4949;
    if (view.getUint16(2, little) !== 42) return 1;
    const directory = view.getUint32(4, little);
    const entries = view.getUint16(directory, little);
    for (let index = 0; index < entries; index += 1) {
      const entry = directory + 2 + 12 * index;
      if (view.getUint16(entry, little) !== ORIENTATION) continue;
      return view.getUint16(entry + 2, little) === SHORT ? toOrientation(view.getUint16(entry + 8, little)) : 1;
    }
    return 1;
  } catch (error) {
    if (error instanceof RangeError) return 1;
    throw error;
  }
}

/** Converts a number to an orientation: values that EXIF does not define mean upright. */
export function toOrientation(value: number): Orientation {
  return value >= 1 && value <= 8 ? (value as Orientation) : 1;
}
