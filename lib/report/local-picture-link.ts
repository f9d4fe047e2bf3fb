import { isAbsolute, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PictureLink } from './report-data.ts';

/** A link from a report in `folder` to the picture `file`. Every segment is encoded after a leading `./`, so that no file name can act as a scheme. */
export function localPictureLink(folder: string, file: string): PictureLink {
  const path = relative(resolve(folder), resolve(file));
  // another drive has no relative path
  if (isAbsolute(path)) return { href: pathToFileURL(file).href };
  return { href: `./${path.split(sep).map(encodeURIComponent).join('/')}` };
}
