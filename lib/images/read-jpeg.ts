import { exifOrientation } from './exif-orientation.ts';
import { ascii, type HeaderReader, type Orientation, undecodable } from './image-header.ts';

const START_OF_SCAN = 0xda;
const APP1 = 0xe1;
const END_OF_IMAGE = Buffer.from([0xff, 0xd9]);

/** JPEG: size from the frame header, orientation from EXIF, and whether the file has its end marker. */
export const readJpeg: HeaderReader = (bytes, view) => {
  if (view.getUint16(0) !== 0xffd8) return undefined;
  let orientation: Orientation | undefined;
  let turnedByXmp = false; // without EXIF, Pillow rotates by it; browsers and most servers do not
  let frame: { width: number; height: number; plain: boolean } | undefined;
  for (let at = 2; ; ) {
    while (view.getUint8(at) !== 0xff) at += 1; // stray bytes between segments; decoders skip them too
    while (view.getUint8(at) === 0xff) at += 1;
    const marker = view.getUint8(at);
    at += 1;
    if (hasNoLength(marker)) continue;
    const end = at + Math.max(2, view.getUint16(at));
    if (marker === START_OF_SCAN) {
      if (!frame) throw undecodable('the JPEG has no frame header before its pixels');
      if (!hasEndMarker(bytes, end)) throw undecodable(`the JPEG is cut off: ${bytes.length} bytes and no end marker`);
      return { ...frame, orientation: orientation ?? 1, mimeType: 'image/jpeg', plain: frame.plain && !turnedByXmp };
    }
    if (marker === APP1 && ascii(bytes, at + 2, at + 6) === 'Exif') orientation ??= exifOrientation(bytes.subarray(at + 8, end));
    else if (marker === APP1) turnedByXmp ||= /tiff:Orientation(?:="|>)[2-8]/.test(ascii(bytes, at, end));
    if (isFrame(marker)) {
      const colours = view.getUint8(at + 7); // four mean CMYK, which decoders interpret differently
      const plain = marker <= 0xc2 && view.getUint8(at + 2) === 8 && (colours === 1 || colours === 3);
      frame = { height: view.getUint16(at + 3), width: view.getUint16(at + 5), plain };
    }
    at = end;
  }
};

/** Start, end, restart and temporary markers have no length. */
const hasNoLength = (marker: number) => marker === 0x00 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd9);

const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/** Whether an end marker follows the start of the scan. Pixels cannot contain one; thumbnails come before the scan, appended data after it. */
function hasEndMarker(bytes: Uint8Array, scan: number): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).lastIndexOf(END_OF_IMAGE) >= scan;
}
