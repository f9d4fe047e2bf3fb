import type { Size } from '#core/box.ts';
import { SampleError } from '#core/errors.ts';

/** EXIF's numbers: 1 = upright, 2–4 mirrored or upside down, 5–8 lying on a side. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** What a file says of its picture before anything is decoded. The size is as stored, not yet turned. */
export interface ImageHeader extends Size {
  readonly orientation: Orientation;
  readonly mimeType: string;
  /** One frame of 8-bit grey or RGB, nothing of it transparent: what every decoder reads alike. */
  readonly plain: boolean;
}

/** Reads the header of one format; `undefined` when the bytes are of another. May run off the end of a cut file (`RangeError`). */
export type HeaderReader = (bytes: Uint8Array, view: DataView) => ImageHeader | undefined;

/** Fails a file that no decoder could make a whole picture of. */
export function undecodable(reason: string, options?: { cause?: unknown }): SampleError {
  return new SampleError('image_undecodable', `${reason}; copy or download the file again`, options);
}

/** The bytes as one character each: for signatures and chunk names. */
export function ascii(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', start, end);
}
