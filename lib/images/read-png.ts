import { exifOrientation } from './exif-orientation.ts';
import { ascii, type HeaderReader, type Orientation, undecodable } from './image-header.ts';

/** The bit of the colour type for an alpha channel. */
const ALPHA = 4;

/** PNG: size from IHDR, orientation from eXIf at any position, and whether the chunks reach IEND. */
export const readPng: HeaderReader = (bytes, view) => {
  if (ascii(bytes, 0, 8) !== '\x89PNG\r\n\x1a\n') return undefined;
  const first = ascii(bytes, 12, 16);
  if (first === 'CgBI') throw undecodable('the PNG has a form that only Apple devices read (CgBI)');
  if (first !== 'IHDR') throw undecodable('the PNG does not start with its header');
  let orientation: Orientation = 1;
  let [animated, transparent] = [false, (view.getUint8(25) & ALPHA) !== 0];
  for (let at = 8; ; ) {
    if (at + 12 > bytes.length) throw undecodable(`the PNG is cut off: ${bytes.length} bytes and no end chunk`);
    const length = view.getUint32(at);
    const name = ascii(bytes, at + 4, at + 8);
    if (name === 'eXIf') orientation = exifOrientation(bytes.subarray(at + 8, at + 8 + length));
    if (name === 'acTL') animated = true;
    if (name === 'tRNS') transparent = true;
    if (name === 'IEND') break;
    at += 12 + length;
  }
  const plain = !animated && !transparent && view.getUint8(24) <= 8;
  return { width: view.getUint32(16), height: view.getUint32(20), orientation, mimeType: 'image/png', plain };
};
