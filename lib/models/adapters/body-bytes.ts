import type { SentImage } from '#core/ports.ts';

/** Placeholder of the image until it is encoded. The image precedes all text, so the first occurrence is the right one. */
const PLACEHOLDER = '<base64>';

/** The data URL of an image in a body for `bodyBytes`. */
export const imagePlaceholder = ({ mimeType }: SentImage) => `data:${mimeType};base64,${PLACEHOLDER}`;

/**
 * The bytes of a body, with the image inserted as Latin-1. In a string, the image would take two bytes a character
 * as soon as the text has a non-Latin character, and would be copied three times.
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
