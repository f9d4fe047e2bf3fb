import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockResults } from '#local/lock-results.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

const lockOf = (folder: string) => join(folder, '.lock');
const holder = (pid: number, host = hostname()) => JSON.stringify({ pid, host, since: '2026-11-25T09:00:00Z', token: 'other' });

test('a folder is for one run at a time, and free again after it', async () => {
  const folder = tempFolder();
  writeFileSync(lockOf(folder), holder(process.ppid));

  await expect(lockResults(folder)).rejects.toThrow(
    /another run is writing to .* \(process \d+ on .*\); fix: wait for it, stop it, or choose/,
  );

  writeFileSync(lockOf(folder), '');
  utimesSync(lockOf(folder), 0, 0);
  const lock = await lockResults(folder);
  lock.release();
  expect(existsSync(lockOf(folder))).toBe(false);
});

test('a run acquires the lock of a dead process at once', async () => {
  const folder = tempFolder();
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(lockOf(folder), holder(pid));

  const lock = await lockResults(folder);

  expect(lock.deadProcess).toBe(pid);
  lock.release();
});

test.skipIf(process.platform !== 'linux')(
  'on Linux, a run acquires the lock of a killed process that its parent has not reaped',
  async () => {
    const folder = tempFolder();
    // The shell becomes a sleep, which never asks for the end of the child that it has.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => void parent.kill());
    const pid = Number(String((await once(parent.stdout, 'data'))[0]));
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'latin1')).toContain(') Z ');
    writeFileSync(lockOf(folder), holder(pid));

    const lock = await lockResults(folder);

    expect(lock.deadProcess).toBe(pid);
    lock.release();
  },
);

test('of two processes that take over a dead lock at once, one wins', async () => {
  const folder = tempFolder();
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(lockOf(folder), holder(pid));

  const results = await Promise.allSettled([lockResults(folder), lockResults(folder)]);

  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  for (const result of results) if (result.status === 'fulfilled') result.value.release();
});

test('a lock of another machine is alive as long as it is touched', async () => {
  const folder = tempFolder();
  writeFileSync(lockOf(folder), holder(1, 'elsewhere'));
  await expect(lockResults(folder)).rejects.toThrow(/on elsewhere/);

  const before = new Date(Date.now() - 60_000);
  utimesSync(lockOf(folder), before, before);

  const lock = await lockResults(folder);
  lock.release();
});
