import { ascii, type HeaderReader, undecodable } from './image-header.ts';

const PICTURE = 0x2c;
const EXTENSION = 0x21;

/** GIF: the size of its screen, a complete first frame, and whether more frames follow. */
export const readGif: HeaderReader = (bytes, view) => {
  if (!/^GIF8[79]a$/.test(ascii(bytes, 0, 6))) return undefined;
  let at = 13 + colourTable(view.getUint8(10));
  let frames = 0;
  while (frames < 2 && at < bytes.length) {
    const block = view.getUint8(at);
    if (block !== PICTURE && block !== EXTENSION) break;
    at = block === EXTENSION ? skipData(view, at + 2) : skipData(view, at + 11 + colourTable(view.getUint8(at + 9)));
    frames += Number(block === PICTURE);
  }
  if (frames === 0) throw undecodable('the GIF holds no picture');
  return { width: view.getUint16(6, true), height: view.getUint16(8, true), orientation: 1, mimeType: 'image/gif', plain: frames === 1 };
};

const colourTable = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);

/** The position after a chain of blocks of up to 255 bytes. An empty block ends the chain. */
function skipData(view: DataView, start: number): number {
  let at = start;
  for (let length = view.getUint8(at); length > 0; length = view.getUint8(at)) at += 1 + length;
  return at + 1;
}
