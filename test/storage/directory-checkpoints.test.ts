import { existsSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDirectoryCheckpoints } from '#storage/directory-checkpoints.ts';
import { describeCheckpointStore } from './checkpoints-contract.ts';
import { tempFolder } from './temp-folder.ts';

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

  it('takes a damaged checkpoint for none', async () => {
    const folder = tempFolder();
    const store = createDirectoryCheckpoints(folder);
    await store.put(checkpoint);
    const path = join(folder, 'step_1_grounding', '.ckpt', 'a-0123456789abcdef.json');

    for (const length of [0, 10, 40, 50]) {
      await store.put(checkpoint);
      truncateSync(path, length);
      expect(await store.get(checkpoint)).toBeUndefined();
    }
    writeFileSync(path, '\0\0\0\0');
    expect(await store.latest(checkpoint.sampleId, 'step_1')).toBeUndefined();
  });

  it('reads one that was formatted by hand', async () => {
    const folder = tempFolder();
    const store = createDirectoryCheckpoints(folder);
    await store.put(checkpoint);
    const path = join(folder, 'step_1_grounding', '.ckpt', 'a-0123456789abcdef.json');

    writeFileSync(path, JSON.stringify({ body: { boxes: [] }, fingerprint: 'ab12' }, null, 2));

    expect(await store.get(checkpoint)).toBe('{"boxes":[]}');
  });

  it.runIf(existsSync('/proc/self'))('comes back from a place that takes no folders', async () => {
    await expect(createDirectoryCheckpoints('/proc/results').put(checkpoint)).rejects.toThrow(/choose another folder/);
  });
});
