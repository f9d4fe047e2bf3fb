import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { UsageError } from '#core/errors.ts';
import { makeFolder } from '#storage/disk/make-folder.ts';

export interface ResultsLock {
  /** The process number of an earlier run that died without a release of its lock. */
  readonly deadProcess?: number | undefined;
  release(): void;
}

const Holder = z.object({ pid: z.int(), host: z.string(), since: z.string(), token: z.string() });
type Holder = z.infer<typeof Holder>;

const BEAT_MS = 3_000;
/** The lock of another machine is dead when it was not touched for this time. */
const DEAD_AFTER_MS = 20_000;
/** After this time, of two processes that take over a dead lock at once, each can see which one has it. */
const TAKEOVER_CHECK_MS = 50;

/**
 * Locks a results folder for one run, and creates the folder where it is missing. It acquires the lock of a killed process:
 * on the same machine when its process number is not in use, from another machine when it was not touched for 20 seconds.
 * Throws `UsageError` where another run holds the lock.
 */
export async function lockResults(folder: string): Promise<ResultsLock> {
  makeFolder(folder);
  const path = join(folder, '.lock');
  const mine: Holder = { pid: process.pid, host: hostname(), since: new Date().toISOString(), token: randomUUID() };
  const deadProcess = create(path, mine) ? undefined : await takeOver(path, mine, folder);
  const beat = setInterval(() => touch(path, mine), BEAT_MS).unref();
  return {
    deadProcess,
    release() {
      clearInterval(beat);
      if (readHolder(path)?.token === mine.token) rmSync(path, { force: true });
    },
  };
}

function create(path: string, mine: Holder): boolean {
  try {
    writeFileSync(path, JSON.stringify(mine), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function takeOver(path: string, mine: Holder, folder: string): Promise<number | undefined> {
  const holder = readHolder(path);
  if (isAlive(path, holder)) throw composeRefusal(folder, holder);
  const draft = `${path}-${mine.pid}`;
  writeFileSync(draft, JSON.stringify(mine));
  renameSync(draft, path);
  await sleep(TAKEOVER_CHECK_MS);
  const winner = readHolder(path);
  if (winner?.token !== mine.token) throw composeRefusal(folder, winner);
  return holder?.pid;
}

function isAlive(path: string, holder: Holder | undefined): boolean {
  const touched = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const isRecent = Date.now() - touched < DEAD_AFTER_MS;
  if (!holder || holder.host !== hostname()) return isRecent;
  // A lock with our own process number is from before a restart of this machine or container.
  return holder.pid !== process.pid && isRunning(holder.pid);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isUnreaped(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A killed process keeps its number until its parent reaps it, which notebooks and containers may never do. Only Linux shows this state. */
function isUnreaped(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return /^\) [ZX]/.test(stat.slice(stat.lastIndexOf(')'))); // the process name before it may contain anything
  } catch {
    return false;
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    return Holder.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

function composeRefusal(folder: string, holder: Holder | undefined): UsageError {
  const who = holder ? `process ${holder.pid} on ${holder.host}, since ${holder.since}` : 'another process';
  return new UsageError(`another run is writing to ${folder} (${who}); fix: wait for it, stop it, or choose another results folder`);
}

function touch(path: string, mine: Holder): void {
  if (readHolder(path)?.token !== mine.token) return;
  const now = new Date();
  utimesSync(path, now, now);
}
