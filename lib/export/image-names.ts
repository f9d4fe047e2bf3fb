import { hash } from 'node:crypto';
import { isAbsolute, posix, relative, sep } from 'node:path';
import { isRemoteAddress } from '#core/hosts/remote-address.ts';
import { createPathIndex } from '#core/path-index.ts';
import type { ExportTally } from './export-tally.ts';

/** The name of an image in an export without images: as given, relative to `root` if it is below it. */
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

/** The name of an image inside the export: as given if that stays below its folder, else a hash of its path with its own name. */
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

/** The name of an image in an export, and of its label file. */
export interface ImageNames {
  readonly image: string;
  /** Without an extension, equal to that of an image inside the export, and unique. */
  readonly stem: string;
}

export interface NamingOptions {
  readonly root: string | undefined;
  readonly placed: boolean;
  /** Whether label files have the folders of the images; `undefined` without label files. */
  readonly labelFiles: 'nested' | 'flat' | undefined;
}

/** Names images. With label files, call it once per image: images that differ only in the extension get different names. */
export function createImageNamer({ root, placed, labelFiles }: NamingOptions, tally: ExportTally): (imagePath: string) => ImageNames {
  const stems = createPathIndex();
  return (imagePath) => {
    if (labelFiles === undefined) return { image: placed ? placedName(imagePath, root) : imageName(imagePath, root, tally), stem: '' };
    const inside = placedName(imagePath, root);
    const name = labelFiles === 'flat' ? inside.replaceAll('/', '__') : inside;
    const ending = posix.extname(name);
    const wanted = name.slice(0, name.length - ending.length);
    const stem = stems.add(wanted).isNew ? wanted : `${wanted}-${hashName(imagePath)}`;
    return { image: placed ? `${stem}${ending}` : imageName(imagePath, root, tally), stem };
  };
}

const hashName = (text: string) => hash('sha256', text).slice(0, 8);
