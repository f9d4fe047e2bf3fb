import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { SampleError } from '#core/errors.ts';
import { isRemoteAddress } from '#core/hosts/remote-address.ts';
import type { ImageStat, ImageStore } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import { createQuickDisk } from './disk/quick-disk.ts';
import { createOwnS3Images } from './s3/own-s3-images.ts';
import { createHttpsImages } from './web/https-images.ts';

export interface LocalImagesOptions {
  readonly settings: Pick<Settings['data'], 'image_root' | 'allow_https' | 'max_image_bytes'>;
  /** Folder of the input file: the root of relative paths that are not below `image_root`. */
  readonly inputFolder: string;
  /** One line for the user. */
  readonly notice: (message: string) => void;
  /** Reads `s3://` references. @default with the user's own credentials */
  readonly s3?: ImageStore;
  /** @default public https addresses, where the settings allow them */
  readonly https?: ImageStore;
}

interface ImageFolder {
  readonly folder: string;
  readonly name: string;
}

/** Images as local files: an absolute path, or a relative path below `image_root`, the input's folder or the working folder, in this order. */
export function createLocalImages({ settings, inputFolder, notice, s3, https }: LocalImagesOptions): ImageStore {
  const root = settings.image_root;
  const folders: ImageFolder[] = [
    ...(root === '' || isRemoteAddress(root) ? [] : [{ folder: resolve(root), name: 'data.image_root' }]),
    { folder: resolve(inputFolder), name: "the input's folder" },
    { folder: process.cwd(), name: 'the working folder' },
  ];
  const web = https ?? (settings.allow_https ? createHttpsImages({ maxBytes: settings.max_image_bytes }) : undefined);
  const bucket = s3 ?? createOwnS3Images({ maxBytes: settings.max_image_bytes });
  const notified = new Set<string>();

  async function find(imagePath: string): Promise<{ path: string; found: Stats }> {
    for (const [index, { folder, name }] of listCandidates(imagePath, folders).entries()) {
      const path = join(folder, imagePath);
      const found = await statIfPresent(path, imagePath);
      if (found === undefined) continue;
      if (index > 0 && !notified.has(folder)) {
        notified.add(folder);
        notice(`image "${imagePath}" is not below ${folders[0]?.name}; read from ${name}, ${folder} (shown once)`);
      }
      return { path, found: requireFile(found, imagePath) };
    }
    const tried = [...new Set(listCandidates(imagePath, folders).map(({ folder }) => join(folder, imagePath)))];
    throw new SampleError('image_not_found', `image "${imagePath}" not found (looked for ${tried.join(', ')}); set data.image_root`);
  }

  const remote = (imagePath: string): ImageStore | undefined => {
    const reference = isRemoteAddress(root) && !isAbsolute(imagePath) ? root : imagePath;
    if (!isRemoteAddress(reference)) return undefined;
    const scheme = reference.slice(0, reference.indexOf(':')).toLowerCase();
    if (scheme === 's3') return bucket;
    if (scheme === 'https' && web) return web;
    throw new SampleError('image_unreadable', `image "${imagePath}": ${schemeFixes[scheme] ?? `${scheme}:// is not read; give a path`}`);
  };
  const referenceOf = (imagePath: string) =>
    isRemoteAddress(root) && !isRemoteAddress(imagePath) && !isAbsolute(imagePath) ? `${root.replace(/\/+$/, '')}/${imagePath}` : imagePath;

  return {
    async stat(imagePath, signal): Promise<ImageStat> {
      signal.throwIfAborted();
      const elsewhere = remote(imagePath);
      if (elsewhere) return elsewhere.stat(referenceOf(imagePath), signal);
      const { found } = await find(imagePath);
      return { size: found.size, stamp: String(found.mtimeMs) };
    },
    async read(imagePath, signal): Promise<Uint8Array> {
      signal.throwIfAborted();
      const elsewhere = remote(imagePath);
      if (elsewhere) return elsewhere.read(referenceOf(imagePath), signal);
      const { path, found } = await find(imagePath);
      const limit = settings.max_image_bytes;
      if (found.size > limit)
        throw new SampleError('image_too_large', `image "${imagePath}" has ${found.size} bytes; data.max_image_bytes is ${limit}`);
      if (found.size === 0) throw new SampleError('image_undecodable', `image "${imagePath}" is empty (0 bytes)`);
      const later = () => readFile(path, { signal });
      const bytes = found.size > SMALL ? later() : reads.run(() => readNow(path, found.size), later);
      return bytes.catch((error) => fail(error, imagePath));
    },
  };
}

const schemeFixes: Readonly<Record<string, string>> = {
  https: 'web addresses are read only with data.allow_https=true',
  http: 'plain http is never read; use https with data.allow_https=true, or a file',
  file: 'file:// addresses are not read; give the path alone',
};

function listCandidates(imagePath: string, folders: readonly ImageFolder[]): readonly ImageFolder[] {
  return isAbsolute(imagePath) ? [{ folder: '', name: '' }] : folders;
}

/** Bytes that are read faster than the thread pool starts a job. */
const SMALL = 256 * 1024;
const stats = createQuickDisk();
const reads = createQuickDisk();

/** `undefined` if the path does not exist. */
async function statIfPresent(path: string, imagePath: string): Promise<Stats | undefined> {
  try {
    return await stats.run(
      () => statSync(path),
      () => stat(path),
    );
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'ERR_INVALID_ARG_VALUE') return undefined;
    return fail(error, imagePath);
  }
}

/** Reads into separate memory that is freed at once. `readFileSync` takes the memory of small files from a shared pool. */
function readNow(path: string, size: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(size);
  const file = openSync(path, 'r');
  try {
    let end = 0;
    for (let read = -1; read !== 0 && end < size; end += read) read = readSync(file, bytes, { offset: end });
    return bytes.subarray(0, end);
  } finally {
    closeSync(file);
  }
}

/** Refuses folders, pipes and devices: they are no images, and reading some of them never ends. */
function requireFile(found: Stats, imagePath: string): Stats {
  if (found.isFile()) return found;
  throw new SampleError(
    'image_unreadable',
    `image "${imagePath}" is ${found.isDirectory() ? 'a folder' : 'no regular file'}, not an image`,
  );
}

function fail(error: unknown, imagePath: string): never {
  const { code, name } = error as NodeJS.ErrnoException;
  if (name === 'AbortError' || code === undefined) throw error;
  const fix = code === 'EACCES' || code === 'EPERM' ? 'check its permissions' : 'check the file and its disk';
  throw new SampleError('image_unreadable', `image "${imagePath}" cannot be read (${code}); fix: ${fix}`, { cause: error });
}
