import { ascii, type HeaderReader, type ImageHeader, type Orientation, undecodable } from './image-header.ts';
import { followedBy } from './orientation.ts';

/** A box of an ISO media file, with the start and end of its content. */
interface MediaBox {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/**
 * AVIF and HEIC: size, crop and turns of the primary item.
 * The rotation is in `irot` and `imir`. Decoders must ignore EXIF (ISO/IEC 23008-12, 6.5.10); browsers and libheif do.
 */
export const readHeif: HeaderReader = (bytes, view) => {
  if (ascii(bytes, 4, 8) !== 'ftyp') return undefined;
  const [type, ...rest] = boxes(bytes, view, 0, bytes.length);
  const mimeType = type && readMimeType(ascii(bytes, type.start, type.end));
  if (!mimeType) return undefined;
  const meta = rest.find(({ name }) => name === 'meta');
  const items = meta ? boxes(bytes, view, meta.start + 4, meta.end) : [];
  const primary = items.find(({ name }) => name === 'pitm');
  const properties = items.find(({ name }) => name === 'iprp');
  if (!primary || !properties) throw undecodable('the file is an image sequence or has no primary picture');
  const item = view.getUint8(primary.start) === 0 ? view.getUint16(primary.start + 4) : view.getUint32(primary.start + 4);
  const [container, ...associations] = boxes(bytes, view, properties.start, properties.end);
  const known = container ? boxes(bytes, view, container.start, container.end) : [];
  const own = associations.flatMap((box) => readProperties(item, view, box)).flatMap((index) => known[index - 1] ?? []);
  return composeHeader(own, view, mimeType);
};

function composeHeader(properties: readonly MediaBox[], view: DataView, mimeType: string): ImageHeader {
  let size: { width: number; height: number } | undefined;
  let orientation: Orientation = 1;
  for (const { name, start } of properties) {
    if (name === 'ispe') size = { width: view.getUint32(start + 4), height: view.getUint32(start + 8) };
    if (name === 'clap') size = { width: ratio(view, start), height: ratio(view, start + 8) };
    if (name === 'irot') orientation = followedBy(orientation, ([1, 8, 3, 6] as const)[view.getUint8(start) & 3] ?? 1);
    if (name === 'imir') orientation = followedBy(orientation, view.getUint8(start) & 1 ? 2 : 4);
  }
  if (!size) throw undecodable('the file does not contain the size of its picture');
  return { ...size, orientation, mimeType, plain: true };
}

const ratio = (view: DataView, at: number) => Math.round(view.getUint32(at) / view.getUint32(at + 4));

function readMimeType(brands: string): string | undefined {
  if (/avif|avis/.test(brands)) return 'image/avif';
  if (/hei[cxms]|hev[cxms]/.test(brands)) return 'image/heic';
  return /mif1|msf1/.test(brands) ? 'image/heif' : undefined;
}

function boxes(bytes: Uint8Array, view: DataView, from: number, to: number): MediaBox[] {
  const found: MediaBox[] = [];
  for (let at = from; at + 8 <= to; ) {
    const short = view.getUint32(at);
    const length = short === 1 ? Number(view.getBigUint64(at + 8)) : short || to - at;
    if (length < 8 || at + length > bytes.length) throw undecodable(`the file is cut off: ${bytes.length} of ${at + length} bytes`);
    found.push({ name: ascii(bytes, at + 4, at + 8), start: at + (short === 1 ? 16 : 8), end: at + length });
    at += length;
  }
  return found;
}

/** One-based indexes of the properties that an `ipma` box assigns to an item, in order of application. */
function readProperties(wanted: number, view: DataView, { name, start }: MediaBox): number[] {
  if (name !== 'ipma') return [];
  const wideItems = view.getUint8(start) > 0;
  const wideIndexes = (view.getUint8(start + 3) & 1) === 1;
  let at = start + 8;
  for (let left = view.getUint32(start + 4); left > 0; left -= 1) {
    const item = wideItems ? view.getUint32(at) : view.getUint16(at);
    at += wideItems ? 4 : 2;
    const count = view.getUint8(at);
    const width = wideIndexes ? 2 : 1;
    const first = at + 1;
    if (item === wanted)
      return Array.from({ length: count }, (_, k) =>
        wideIndexes ? view.getUint16(first + 2 * k) & 0x7fff : view.getUint8(first + k) & 0x7f,
      );
    at = first + count * width;
  }
  return [];
}
