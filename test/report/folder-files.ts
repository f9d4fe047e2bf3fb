import { createReadStream } from 'node:fs';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileNotFoundError, type FileStore } from '#core/ports.ts';

export function folderFiles(root: string): FileStore {
  const sizeOf = async (path: string) => (await stat(join(root, path)).catch(() => undefined))?.size;
  return {
    location: root,
    async *read(path) {
      if ((await sizeOf(path)) === undefined) throw new FileNotFoundError(path);
      yield* createReadStream(join(root, path));
    },
    async create(path) {
      const file = await open(join(root, `${path}.partial`), 'w');
      return {
        write: async (text) => void (await file.write(text)),
        async close() {
          await file.close();
          await rename(join(root, `${path}.partial`), join(root, path));
        },
        async abort() {
          await file.close();
          await rm(join(root, `${path}.partial`));
        },
      };
    },
    size: sizeOf,
    async *list() {
      yield* await readdir(root);
    },
    remove: (path) => rm(join(root, path)),
  };
}
