import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Settings } from '#core/settings.ts';
import { startForcedRun } from '#local/forced-run.ts';
import { createDirectoryCheckpoints } from '#storage/disk/directory-checkpoints.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

const settings = Settings.parse({ workflow: { force_reprocess: true } });
const old = { sampleId: 'a-0123456789abcdef', step: 'step_0', fingerprint: 'f', body: '"old"' } as const;

test('a forced run ignores earlier checkpoints, and stores the new reply', async () => {
  const folder = tempFolder();
  const store = createDirectoryCheckpoints(folder);
  await store.put(old);

  const forced = startForcedRun(store, settings, join(folder, '.forced'));
  const before = [await forced.checkpoints.get(old), await forced.checkpoints.latest(old.sampleId, old.step)];
  await forced.checkpoints.put({ ...old, body: '"new"' });

  expect(before).toEqual([undefined, undefined]);
  expect(await store.get(old)).toBe('"new"');
});

test('an interrupted forced run resumes without a repeated call', async () => {
  const folder = tempFolder();
  const store = createDirectoryCheckpoints(folder);
  await store.put({ ...old, sampleId: 'b-0123456789abcdef' });
  await startForcedRun(store, settings, join(folder, '.forced')).checkpoints.put({ ...old, body: '"new"' });

  const again = startForcedRun(store, settings, join(folder, '.forced'));

  expect(await again.checkpoints.get(old)).toBe('"new"');
  expect(await again.checkpoints.get({ ...old, sampleId: 'b-0123456789abcdef' })).toBeUndefined();
});

test('after its end, and with other settings, a forced run makes all calls again', async () => {
  const folder = tempFolder();
  const store = createDirectoryCheckpoints(folder);
  const journal = join(folder, '.forced');
  const first = startForcedRun(store, settings, journal);
  await first.checkpoints.put(old);

  const other = startForcedRun(store, Settings.parse({ workflow: { force_reprocess: true, max_workers: 9 } }), journal);
  expect(await other.checkpoints.get(old)).toBeUndefined();
  other.finish();

  expect(existsSync(journal)).toBe(false);
  expect(await startForcedRun(store, settings, journal).checkpoints.get(old)).toBeUndefined();
});
