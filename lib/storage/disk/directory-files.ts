import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FileNotFoundError, type FileStore, type FileWriter } from '#core/ports.ts';
import { explainWriteError } from './disk-errors.ts';
import { makeFolder } from './make-folder.ts';

/** A `FileStore` in a local folder. */
export interface DirectoryFiles extends FileStore {
  /** The folder's path. */
  readonly folder: string;
}

/** Characters buffered before a write. */
const BUFFERED = 128 * 1024;
const DRAFT = '.draft-';
let drafts = 0;

/** Files below `folder`, which the first write creates. Throws `RunStopError` on a full disk and `UsageError` for a folder that cannot be written. */
export function createDirectoryFiles(folder: string): DirectoryFiles {
  return {
    folder,
    location: folder,
    read: (path, range) => readFrom(join(folder, path), range),
    create: (path) => openDraft(join(folder, path)),
    async size(path) {
      try {
        const found = await stat(join(folder, path));
        return found.isFile() ? found.size : undefined;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    list: (prefix) => listBelow(folder, prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix),
    remove: (path) => rm(join(folder, path), { force: true }),
  };
}

async function* readFrom(path: string, range: { start: number; end?: number } | undefined): AsyncGenerator<Uint8Array> {
  const { start = 0, end } = range ?? {};
  if (end !== undefined && end <= start) return;
  try {
    yield* createReadStream(path, { start, end: end === undefined ? undefined : end - 1, highWaterMark: 256 * 1024 });
  } catch (error) {
    if (isMissing(error)) throw new FileNotFoundError(`no such file: ${path}`, { cause: error });
    throw error;
  }
}

/** A file that gets its name at `close`, when it is complete. Readers and a killed process never see or leave half a file. */
async function openDraft(path: string): Promise<FileWriter> {
  const draft = join(dirname(path), `${DRAFT}${process.pid}-${drafts++}-${basename(path)}`);
  const withExplanation = <T>(work: Promise<T>) =>
    work.catch((error: unknown) => {
      throw explainWriteError(error, path);
    });
  const handle = await withExplanation(openInFolder(draft));
  let buffered: string[] = [];
  let length = 0;
  const flush = async () => {
    const text = buffered.join('');
    buffered = [];
    length = 0;
    if (text !== '') await handle.appendFile(text);
  };
  return {
    async write(text) {
      buffered.push(text);
      length += text.length;
      if (length >= BUFFERED) await withExplanation(flush());
    },
    async close() {
      await withExplanation(flush().then(() => handle.datasync()));
      await handle.close();
      await withExplanation(rename(draft, path));
    },
    async abort() {
      await handle.close().catch(() => {});
      await rm(draft, { force: true });
    },
  };
}

async function openInFolder(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'w');
  } catch (error) {
    if (!isMissing(error)) throw error;
    makeFolder(dirname(path));
    return open(path, 'w');
  }
}

/** Lists in ascending order of full paths, like S3. */
async function* listBelow(root: string, folder: string, prefix: string): AsyncGenerator<string> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const names = entries.filter(({ name }) => !name.startsWith(DRAFT)).map((entry) => `${entry.name}${entry.isDirectory() ? '/' : ''}`);
  for (const name of names.sort()) {
    const path = `${folder}${name}`;
    if (!path.startsWith(prefix)) continue;
    if (name.endsWith('/')) yield* listBelow(root, path, prefix);
    else yield path;
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
