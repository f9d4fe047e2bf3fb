import type { Size } from '#core/box.ts';
import { SampleError } from '#core/errors.ts';

/** EXIF's numbers: 1 = upright, 2–4 mirrored or upside down, 5–8 rotated by 90 degrees. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** The facts of an image header, read without decoding. The size is the stored one, before rotation. */
export interface ImageHeader extends Size {
  readonly orientation: Orientation;
  readonly mimeType: string;
  /** One frame of opaque 8-bit grey or RGB, which all decoders read in the same way. */
  readonly plain: boolean;
}

/** Reads the header of one format; `undefined` for another format. Throws `RangeError` at the end of a truncated file. */
export type HeaderReader = (bytes: Uint8Array, view: DataView) => ImageHeader | undefined;

/** The error for a file that no decoder can read completely. */
export function undecodable(reason: string, options?: { cause?: unknown }): SampleError {
  return new SampleError('image_undecodable', `${reason}; copy or download the file again`, options);
}

/** Bytes as Latin-1 text, for signatures and chunk names. */
export function ascii(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', start, end);
}
