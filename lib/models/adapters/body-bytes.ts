import type { SentImage } from '#core/ports.ts';

/** Stands for the image in a body until it is encoded. The image comes before all words, so its first occurrence is the image's. */
const PLACEHOLDER = '<base64>';

/** The address of an image in a body that goes through `bodyBytes`. */
export const imagePlaceholder = ({ mimeType }: SentImage) => `data:${mimeType};base64,${PLACEHOLDER}`;

/**
 * A body as bytes, the image written beside the words. In a string the image would take the words' width
 * (two bytes a character as soon as one of them is not Latin), and be copied three times on its way out.
 */
export function bodyBytes(body: unknown, { bytes }: SentImage): Uint8Array {
  const text = JSON.stringify(body);
  const at = text.indexOf(PLACEHOLDER);
  if (at < 0) return Buffer.from(text);
  const [before, after] = [text.slice(0, at), text.slice(at + PLACEHOLDER.length)];
  const image = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  const all = Buffer.allocUnsafeSlow(Buffer.byteLength(before) + image.length + Buffer.byteLength(after));
  const start = all.write(before);
  all.write(image, start, 'latin1');
  all.write(after, start + image.length);
  return all;
}
