import { describe, expect, it } from 'vitest';
import { FileNotFoundError, type FileStore } from '#core/ports.ts';

/** The contract of every `FileStore`. `open` gives an empty store. */
export function describeFileStore(name: string, open: () => Promise<FileStore>): void {
  describe(`${name} as a file store`, () => {
    it('returns the written text as UTF-8', async () => {
      const files = await open();

      await put(files, 'a/b.jsonl', 'red 🚗\n', 'ünïcode\n');

      expect(await text(files, 'a/b.jsonl')).toBe('red 🚗\nünïcode\n');
      expect(await files.size('a/b.jsonl')).toBe(Buffer.byteLength('red 🚗\nünïcode\n'));
    });

    it('shows a file only after close, complete', async () => {
      const files = await open();
      const writer = await files.create('out.jsonl');
      await writer.write('x'.repeat(300_000));

      const before = await files.size('out.jsonl');
      await writer.close();

      expect(before).toBeUndefined();
      expect(await files.size('out.jsonl')).toBe(300_000);
    });

    it('keeps the old file until the new one is closed', async () => {
      const files = await open();
      await put(files, 'out', 'old');
      const writer = await files.create('out');
      await writer.write('new');

      const during = await text(files, 'out');
      await writer.close();

      expect(during).toBe('old');
      expect(await text(files, 'out')).toBe('new');
    });

    it('leaves no trace of an aborted file', async () => {
      const files = await open();
      const writer = await files.create('gone');
      await writer.write('x'.repeat(300_000));

      await writer.abort();

      expect(await files.size('gone')).toBeUndefined();
      expect(await names(files, '')).toEqual([]);
    });

    it('accepts an empty file', async () => {
      const files = await open();

      await put(files, 'empty');

      expect(await files.size('empty')).toBe(0);
      expect(await text(files, 'empty')).toBe('');
    });

    it('reads ranges of bytes, the end exclusive', async () => {
      const files = await open();
      await put(files, 'digits', '0123456789');

      expect(await text(files, 'digits', { start: 2, end: 5 })).toBe('234');
      expect(await text(files, 'digits', { start: 7 })).toBe('789');
      expect(await text(files, 'digits', { start: 8, end: 100 })).toBe('89');
      expect(await text(files, 'digits', { start: 4, end: 4 })).toBe('');
      expect(await text(files, 'digits', { start: 100 })).toBe('');
    });

    it('reports a missing file', async () => {
      const files = await open();

      await expect(text(files, 'no/such')).rejects.toThrow(FileNotFoundError);
      expect(await files.size('no/such')).toBeUndefined();
    });

    it('lists by prefix in ascending order at any depth', async () => {
      const files = await open();
      for (const path of ['parts/00000002', 'parts/00000010', 'parts/00000001', 'parts/a/b', 'partsy', 'other'])
        await put(files, path, 'x');

      expect(await names(files, 'parts/')).toEqual(['parts/00000001', 'parts/00000002', 'parts/00000010', 'parts/a/b']);
      expect(await names(files, 'parts/000000')).toEqual(['parts/00000001', 'parts/00000002', 'parts/00000010']);
      expect(await names(files, 'nothing/')).toEqual([]);
    });

    it('removes a file, and ignores a missing one', async () => {
      const files = await open();
      await put(files, 'a', 'x');

      await files.remove('a');
      await files.remove('a');

      expect(await files.size('a')).toBeUndefined();
    });

    it('separates two files written at the same time', async () => {
      const files = await open();
      const [a, b] = [await files.create('x/a'), await files.create('x/b')];

      for (let i = 0; i < 1000; i++) await Promise.all([a.write(`a${i}\n`), b.write(`b${i}\n`)]);
      await Promise.all([a.close(), b.close()]);

      expect((await text(files, 'x/a')).split('\n').slice(0, 2)).toEqual(['a0', 'a1']);
      expect((await text(files, 'x/b')).split('\n').at(-2)).toBe('b999');
    });
  });
}

async function put(files: FileStore, path: string, ...texts: string[]): Promise<void> {
  const writer = await files.create(path);
  for (const part of texts) await writer.write(part);
  await writer.close();
}

async function text(files: FileStore, path: string, range?: { start: number; end?: number }): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of files.read(path, range)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

const names = (files: FileStore, prefix: string) => Array.fromAsync(files.list(prefix));
