import { hash } from 'node:crypto';
import { isAbsolute, posix, relative, sep } from 'node:path';
import { createPathIndex } from '#core/path-index.ts';
import { isRemoteAddress } from '#core/remote-address.ts';
import type { ExportTally } from './export-tally.ts';

/** The name that an export without images calls an image by: as given, relative to `root` where it lies below it. */
function imageName(imagePath: string, root: string | undefined, tally: ExportTally): string {
  if (isRemoteAddress(imagePath)) {
    tally.add('remoteNames');
    return imagePath;
  }
  if (!isAbsolute(imagePath)) return posix.normalize(imagePath);
  const below = belowRoot(imagePath, root);
  if (below === undefined) tally.add('absoluteNames');
  return below ?? imagePath;
}

/** The name of an image that lies in the export: as given where that stays below its folder, else its own name behind a hash of its path. */
function placedName(imagePath: string, root: string | undefined): string {
  const below = isAbsolute(imagePath) || isRemoteAddress(imagePath) ? belowRoot(imagePath, root) : posix.normalize(imagePath);
  if (below !== undefined && !below.startsWith('..')) return below;
  return `${hashName(imagePath)}-${posix.basename(imagePath.replace(/[?#].*$/s, ''))}`;
}

function belowRoot(imagePath: string, root: string | undefined): string | undefined {
  if (root === undefined || !isAbsolute(imagePath)) return undefined;
  const path = relative(root, imagePath);
  return path.startsWith('..') || isAbsolute(path) ? undefined : path.split(sep).join('/');
}

/** How an export names an image, and the file with its labels. */
export interface ImageNames {
  readonly image: string;
  /** Without an ending, the same in the image's name where the image lies in the export; no other image's. */
  readonly stem: string;
}

export interface NamingOptions {
  readonly root: string | undefined;
  readonly placed: boolean;
  /** Whether label files may be in folders, as the images are; without it there are none. */
  readonly labelFiles: 'nested' | 'flat' | undefined;
}

/** Names images; with label files each image is to be named once, since images that differ in the ending alone are told apart. */
export function createImageNamer({ root, placed, labelFiles }: NamingOptions, tally: ExportTally): (imagePath: string) => ImageNames {
  const taken = createPathIndex();
  return (imagePath) => {
    if (labelFiles === undefined) return { image: placed ? placedName(imagePath, root) : imageName(imagePath, root, tally), stem: '' };
    const inside = placedName(imagePath, root);
    const name = labelFiles === 'flat' ? inside.replaceAll('/', '__') : inside;
    const ending = posix.extname(name);
    const wanted = name.slice(0, name.length - ending.length);
    const stem = taken.add(wanted).isNew ? wanted : `${wanted}-${hashName(imagePath)}`;
    return { image: placed ? `${stem}${ending}` : imageName(imagePath, root, tally), stem };
  };
}

const hashName = (text: string) => hash('sha256', text).slice(0, 8);
