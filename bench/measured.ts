import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const canPin = spawnSync('taskset', ['-V']).status === 0;

/** The command that runs `file` on one core (where `taskset` exists), with the Node that runs this. */
function onCore(core: number, file: string, args: string[]): [string, string[]] {
  return canPin ? ['taskset', ['-c', String(core), process.execPath, file, ...args]] : [process.execPath, [file, ...args]];
}

export interface Measured {
  readonly exitCode: number;
  readonly wallMs: number;
  readonly startedAt: number;
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script on core 1 and measures the CPU time of all its threads and its peak memory (RSS). */
export async function measure(file: string, args: string[], env: Record<string, string> = {}): Promise<Measured> {
  const preload = fileURLToPath(new URL('./usage-to-fd3.ts', import.meta.url));
  const [command, commandArgs] = onCore(1, file, args);
  const startedAt = performance.timeOrigin + performance.now();
  const child = spawn(command, commandArgs, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env, NODE_OPTIONS: `--import=${preload}` },
  });
  const outputs = [child.stdout, child.stderr, child.stdio[3]].map((stream) => text(stream as Readable));
  const [[exitCode], stdout = '', stderr = '', usage = ''] = await Promise.all([once(child, 'close'), ...outputs]);
  const wallMs = performance.timeOrigin + performance.now() - startedAt;
  const { cpuMs, rssMb } = usage ? (JSON.parse(usage) as { cpuMs: number; rssMb: number }) : { cpuMs: Number.NaN, rssMb: Number.NaN };
  return { exitCode: Number(exitCode), wallMs, startedAt, cpuMs, rssMb, stdout, stderr };
}

export type ServerStats = Record<
  'calls' | 'refused' | 'failed' | 'malformed' | 'beyondRepair' | 'billed' | 'billedTwice' | 'maxInFlight' | 'firstAt' | 'lastAt',
  number
>;

export interface ModelServer {
  readonly url: string;
  stats(): Promise<ServerStats>;
  stop(): Promise<void>;
}

/** Starts the benchmark's model endpoint on core 0. */
export async function startModelServer(knobs: Record<string, string | number>): Promise<ModelServer> {
  const env = Object.fromEntries(Object.entries(knobs).map(([name, value]) => [name, String(value)]));
  const [command, args] = onCore(0, fileURLToPath(new URL('./model-server.ts', import.meta.url)), []);
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const [url] = (await once(createInterface(child.stdout as Readable), 'line')) as [string];
  return {
    url,
    stats: async () => (await (await fetch(`${url}/stats`)).json()) as ServerStats,
    stop: async () => {
      child.kill();
      await once(child, 'close');
    },
  };
}

/** Prints one line of a result, with the limit it is held to and whether it holds. */
export function report(name: string, value: number, unit: string, limit?: { atLeast?: number; atMost?: number }): boolean {
  const holds = (limit?.atLeast === undefined || value >= limit.atLeast) && (limit?.atMost === undefined || value <= limit.atMost);
  const wanted =
    limit?.atLeast !== undefined ? ` (wanted ≥ ${limit.atLeast})` : limit?.atMost !== undefined ? ` (wanted ≤ ${limit.atMost})` : '';
  console.log(`${holds ? ' ' : '✗'} ${name.padEnd(46)} ${value.toFixed(2).padStart(10)} ${unit}${wanted}`);
  if (!holds) process.exitCode = 1;
  return holds;
}
