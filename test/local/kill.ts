import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { start } from '#test/cli/command-line.ts';
import type { StandIn } from '#test/models/stand-in.ts';

export interface KillOptions {
  readonly folder: string;
  readonly server: StandIn;
  readonly workers: number;
  /** After how many further calls each kill comes, and how long after that. */
  readonly moments: readonly { readonly calls: number; readonly ms: number }[];
}

export interface Killed {
  /** Runs that were cut off; others had ended by then. */
  readonly kills: number;
  readonly code: number | null;
  readonly stderr: string;
}

/** Starts `groundline generate` over and over, kills it with SIGKILL at the given moments, and lets the last run come to its end. */
export async function runThroughKills({ folder, server, workers, moments }: KillOptions): Promise<Killed> {
  const args = ['generate', 'captions.jsonl', '--out', 'results', ...server.overrides, `workflow.max_workers=${workers}`];
  let kills = 0;
  for (const { calls, ms } of moments) {
    const until = server.calls.length + calls;
    const { process: child } = start(args, { cwd: folder });
    const exit = once(child, 'exit');
    while (child.exitCode === null && server.calls.length < until) await sleep(1);
    await sleep(ms);
    if (child.exitCode === null) {
      child.kill('SIGKILL');
      kills++;
    }
    await exit;
  }
  const { code, stderr } = await start(args, { cwd: folder }).end;
  return { kills, code, stderr };
}
