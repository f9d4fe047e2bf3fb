import { isAbsolute, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PictureLink } from './report-data.ts';

/** A link from a report in `folder` to the picture `file`. Every segment is encoded, and `./` comes first, so that no file name can become a scheme. */
export function localPictureLink(folder: string, file: string): PictureLink {
  const path = relative(resolve(folder), resolve(file));
  // Another drive: no relative path leads there.
  if (isAbsolute(path)) return { href: pathToFileURL(file).href };
  return { href: `./${path.split(sep).map(encodeURIComponent).join('/')}` };
}
