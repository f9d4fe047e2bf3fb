import { exifOrientation } from './exif-orientation.ts';
import { ascii, type HeaderReader, type ImageHeader, undecodable } from './image-header.ts';

const ANIMATION = 0x02;
const ALPHA = 0x10;
const PICTURES = new Set(['VP8 ', 'VP8L', 'ANMF']);

/** WebP: lossy, lossless or extended; orientation from its EXIF chunk. */
export const readWebp: HeaderReader = (bytes, view) => {
  if (ascii(bytes, 0, 4) !== 'RIFF' || ascii(bytes, 8, 12) !== 'WEBP') return undefined;
  const end = 8 + view.getUint32(4, true);
  if (end > bytes.length) throw undecodable(`the WebP is cut off: ${bytes.length} of ${end} bytes`);
  let header: ImageHeader | undefined;
  let hasPicture = false;
  for (let at = 12; at + 8 <= end; ) {
    const length = view.getUint32(at + 4, true);
    const name = ascii(bytes, at, at + 4);
    const data = at + 8;
    hasPicture ||= PICTURES.has(name);
    if (name === 'EXIF' && header) header = { ...header, orientation: exifOrientation(exifBlock(bytes.subarray(data, data + length))) };
    else header ??= readSize(name, view, data);
    at = data + length + (length % 2);
  }
  if (!header || !hasPicture) throw undecodable('the WebP holds no picture');
  return header;
};

function readSize(name: string, view: DataView, data: number): ImageHeader | undefined {
  const picture = { orientation: 1, mimeType: 'image/webp', plain: true } as const;
  if (name === 'VP8X') {
    const plain = (view.getUint8(data) & (ANIMATION | ALPHA)) === 0;
    return { ...picture, width: 1 + uint24(view, data + 4), height: 1 + uint24(view, data + 7), plain };
  }
  if (name === 'VP8 ')
    return { ...picture, width: view.getUint16(data + 6, true) & 0x3fff, height: view.getUint16(data + 8, true) & 0x3fff };
  if (name !== 'VP8L') return undefined;
  const bits = view.getUint32(data + 1, true);
  return { ...picture, width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff), plain: ((bits >>> 28) & 1) === 0 };
}

const uint24 = (view: DataView, at: number) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);

/** The EXIF block without the JPEG prefix that some writers keep. */
const exifBlock = (chunk: Uint8Array) => (ascii(chunk, 0, 4) === 'Exif' ? chunk.subarray(6) : chunk);
