import { exifOrientation } from './exif-orientation.ts';
import { ascii, type HeaderReader, undecodable } from './image-header.ts';

const WIDTH = 256;
const HEIGHT = 257;
const SHORT = 3;

/** TIFF: size and orientation of its first page. */
export const readTiff: HeaderReader = (bytes, view) => {
  const signature = ascii(bytes, 0, 4);
  if (signature !== 'II*\0' && signature !== 'MM\0*') return undefined;
  const little = signature.startsWith('II');
  const directory = view.getUint32(4, little);
  const entries = view.getUint16(directory, little);
  const values = new Map<number, number>();
  for (let index = 0; index < entries; index += 1) {
    const entry = directory + 2 + 12 * index;
    const isShort = view.getUint16(entry + 2, little) === SHORT;
    values.set(view.getUint16(entry, little), isShort ? view.getUint16(entry + 8, little) : view.getUint32(entry + 8, little));
  }
  const [width, height] = [values.get(WIDTH), values.get(HEIGHT)];
  if (!width || !height) throw undecodable('the TIFF does not contain the size of its first page');
  return { width, height, orientation: exifOrientation(bytes), mimeType: 'image/tiff', plain: false };
};
