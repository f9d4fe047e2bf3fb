import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '#core/errors.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { describeFileStore } from '../files-contract.ts';
import { tempFolder } from '../temp-folder.ts';

describeFileStore('a directory', async () => createDirectoryFiles(join(tempFolder(), 'results')));

describe('a directory of files', () => {
  it('contains only a hidden draft after a process died while writing', async () => {
    const folder = tempFolder();
    const files = createDirectoryFiles(folder);
    const writer = await files.create('out.jsonl');
    await writer.write('x'.repeat(300_000));

    const seen = readdirSync(folder);

    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatch(/^\.draft-/);
    expect(await Array.fromAsync(files.list(''))).toEqual([]);
    await writer.abort();
  });

  it('suggests a fix for a folder that cannot be written', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'file'), '');

    await expect(createDirectoryFiles(join(folder, 'file', 'results')).create('a')).rejects.toThrow(UsageError);
  });

  it.runIf(existsSync('/proc/self'))('returns an error for a folder that cannot have children', async () => {
    await expect(createDirectoryFiles('/proc/results').create('a')).rejects.toThrow(/cannot write .*choose another folder/);
  });

  it.runIf(existsSync('/dev/full'))('stops the run on a full disk', async () => {
    const { explainWriteError } = await import('#storage/disk/disk-errors.ts');
    const { writeFile } = await import('node:fs/promises');
    const full = await writeFile('/dev/full', 'x').catch((error: unknown) => error);

    expect(explainWriteError(full, '/results/run.json')).toMatchObject({ name: 'RunStopError', reason: 'disk_full', message: /make room/ });
  });
});
