import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import envPaths from 'env-paths';
import type { EndpointMemory } from '#models/endpoint-capabilities.ts';

/** Capabilities of endpoints, one small file each in the user's cache folder. An unreadable file counts as missing. */
export function createFileMemory(folder: string = join(envPaths('groundline', { suffix: '' }).cache, 'endpoints')): EndpointMemory {
  const file = (key: string) => join(folder, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`);
  return {
    async get(key) {
      try {
        return JSON.parse(await readFile(file(key), 'utf8'));
      } catch {
        return undefined;
      }
    },
    async set(key, value) {
      await mkdir(folder, { recursive: true });
      const draft = `${file(key)}.${randomUUID()}`;
      await writeFile(draft, JSON.stringify(value));
      await rename(draft, file(key));
    },
  };
}
