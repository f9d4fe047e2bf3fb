import { hash } from 'node:crypto';
import type { GivenExpressions } from './sample.ts';

/** Characters of an image id in a sample id; longer ids differ by the hash. */
const MAX_NAME = 60;

/** The parts of a line that identify its sample. Given expressions make another question than the caption alone. */
export interface SampleIdentity {
  readonly imagePath: string;
  readonly caption: string;
  readonly imageId: unknown;
  readonly given?: Pick<GivenExpressions, 'cleanedCaption' | 'expressions'> | undefined;
}

/**
 * `<image_id>-<16 hex>`: safe as a file name anywhere, equal for equal lines.
 * The hash is the beginning of the sha256 of the UTF-8 JSON text `["<image_path>","<caption>"]`, both as given in the line.
 * For a line with given expressions, the text is `["<image_path>","<caption>",<cleaned caption>,<expressions>]`, without generated ids.
 */
export function composeSampleId({ imagePath, caption, imageId, given }: SampleIdentity): string {
  const question = given === undefined ? [imagePath, caption] : [imagePath, caption, given.cleanedCaption, given.expressions];
  return `${fileNamePart(imageId, imagePath)}-${shortHash(JSON.stringify(question))}`;
}

/** The name of one line, unique in a file: its sample id, with `~k` for the k-th repeat of an equal line. */
export function composeLineId(sampleId: string, repeat: number): string {
  return repeat === 0 ? sampleId : `${sampleId}~${repeat}`;
}

/**
 * The 16 hex digits of `expr_…` and `box_…` ids: a hash of the complete line id.
 * The hash in the sample id is shared by lines that differ only in `image_id`.
 */
export function extractIdHash(lineId: string): string {
  return shortHash(lineId);
}

/** The id of an expression without a given one; `hash` is the hash of its line id. */
export function composeExpressionId(hash: string, index: number): string {
  return `expr_${hash}_${String(index).padStart(2, '0')}`;
}

export function isOwnExpressionId(id: string): boolean {
  return /^expr_[0-9a-f]{16}_\d{2,}$/.test(id);
}

/** The default image id: the file name without its last extension. */
export function fileStem(imagePath: string): string {
  const path = /^https?:\/\//i.test(imagePath) ? imagePath.replace(/[?#].*$/s, '') : imagePath;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(0, dot) : name;
}

/** The readable part of a sample id, safe as a file name: the image id, or the file's stem by default. */
export function fileNamePart(imageId: unknown, imagePath: string): string {
  const isName = (typeof imageId === 'string' && imageId !== '') || typeof imageId === 'number' || typeof imageId === 'boolean';
  const text = isName ? String(imageId) : fileStem(imagePath);
  const safe = text
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/^\./, '_')
    .slice(0, MAX_NAME);
  return safe === '' ? 'image' : safe;
}

function shortHash(text: string): string {
  return hash('sha256', text).slice(0, 16);
}
