import { existsSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDirectoryCheckpoints, removeCheckpoints } from '#storage/disk/directory-checkpoints.ts';
import { describeCheckpointStore } from '../checkpoints-contract.ts';
import { tempFolder } from '../temp-folder.ts';

describeCheckpointStore('a directory', async () => createDirectoryCheckpoints(join(tempFolder(), 'results')));

const checkpoint = { sampleId: 'a-0123456789abcdef', step: 'step_1', fingerprint: 'ab12', body: '{"boxes":[[1,2,3,4]]}' } as const;

describe('a directory of checkpoints', () => {
  it('writes one file per sample below the folder of its step', async () => {
    const folder = tempFolder();

    await createDirectoryCheckpoints(folder).put(checkpoint);

    expect(readdirSync(join(folder, 'step_1_grounding', '.ckpt'))).toEqual(['a-0123456789abcdef.json']);
  });

  it('is read by the next process', async () => {
    const folder = tempFolder();
    await createDirectoryCheckpoints(folder).put(checkpoint);

    expect(await createDirectoryCheckpoints(folder).get(checkpoint)).toBe(checkpoint.body);
  });

  const fileOf = (folder: string) => join(folder, 'step_1_grounding', '.ckpt', 'a-0123456789abcdef.json');
  const damages: [string, (path: string) => void][] = [
    ['that is empty', (path) => truncateSync(path, 0)],
    ['that is cut in its fingerprint', (path) => truncateSync(path, 10)],
    ['that is cut in its body', (path) => truncateSync(path, 50)],
    ['of other bytes', (path) => writeFileSync(path, '\0\0\0\0')],
    [
      'that is nested 100,000 levels deep',
      (path) => writeFileSync(path, `{"fingerprint":"ab12", "body":${'['.repeat(1e5)}${']'.repeat(1e5)}}`),
    ],
    ['larger than any', (path) => truncateSync(path, 600_000_000)],
    ['whose place a folder takes', (path) => replaceByFolder(path)],
  ];

  it.each(damages)('fails the sample of a checkpoint %s, with the name of the file', async (_, damage) => {
    const folder = tempFolder();
    const store = createDirectoryCheckpoints(folder);
    await store.put(checkpoint);
    damage(fileOf(folder));

    for (const read of [() => store.get(checkpoint), () => store.latest(checkpoint.sampleId, 'step_1')])
      await expect(read()).rejects.toMatchObject({ code: 'checkpoint_unreadable', message: expect.stringContaining(fileOf(folder)) });
  });

  it('fails the sample when a folder is at the path of its checkpoint', async () => {
    const folder = tempFolder();
    const store = createDirectoryCheckpoints(folder);
    await store.put(checkpoint);
    replaceByFolder(fileOf(folder));

    await expect(store.put(checkpoint)).rejects.toMatchObject({ code: 'checkpoint_unreadable' });
  });

  it('removes the checkpoints of a sample in every step, readable or not', async () => {
    const folder = tempFolder();
    const store = createDirectoryCheckpoints(folder);
    await store.put(checkpoint);
    await store.put({ ...checkpoint, step: 'step_0' });
    await store.put({ ...checkpoint, sampleId: 'b-0123456789abcdef' });
    replaceByFolder(fileOf(folder));

    expect(removeCheckpoints(folder, (sampleId) => sampleId === checkpoint.sampleId)).toBe(2);
    expect(await store.get(checkpoint)).toBeUndefined();
    expect(await store.get({ ...checkpoint, sampleId: 'b-0123456789abcdef' })).toBe(checkpoint.body);
    expect(removeCheckpoints(tempFolder(), () => true)).toBe(0);
  });

  it('reads a checkpoint formatted by hand', async () => {
    const folder = tempFolder();
    const store = createDirectoryCheckpoints(folder);
    await store.put(checkpoint);
    const path = join(folder, 'step_1_grounding', '.ckpt', 'a-0123456789abcdef.json');

    writeFileSync(path, JSON.stringify({ body: { boxes: [] }, fingerprint: 'ab12' }, null, 2));

    expect(await store.get(checkpoint)).toBe('{"boxes":[]}');
  });

  it.runIf(existsSync('/proc/self'))('returns an error for a folder that cannot have children', async () => {
    await expect(createDirectoryCheckpoints('/proc/results').put(checkpoint)).rejects.toThrow(/choose another folder/);
  });
});

function replaceByFolder(path: string): void {
  rmSync(path);
  mkdirSync(join(path, 'within'), { recursive: true });
}
