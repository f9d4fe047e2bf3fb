import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { FunctionName } from '#infra/function-asset.ts';

export interface InvokeOptions {
  /** Folder of the built functions. */
  readonly asset: string;
  readonly memoryMb: number;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface Invoked<T> {
  readonly answer: T;
  /** The most memory that the process held. */
  readonly maxRssMb: number;
  /** What it wrote to its log. */
  readonly log: string;
}

/** Calls a built function in a process of its own, with the heap that Lambda would give it. Throws what the function threw. */
export async function invoke<T>(
  name: FunctionName,
  event: object,
  { asset, memoryMb, env, timeoutMs = 300_000 }: InvokeOptions,
): Promise<Invoked<T>> {
  const child = fork(join(import.meta.dirname, 'lambda-process.ts'), [], {
    cwd: asset,
    // Nothing of this process: in Lambda there are no node_modules but the asset's.
    env: { PATH: process.env.PATH ?? '', ...env },
    execArgv: ['--enable-source-maps', `--max-old-space-size=${Math.floor(memoryMb * 0.8)}`],
    silent: true,
  });
  const log = Promise.all([text(child.stdout as Readable), text(child.stderr as Readable)]);
  child.send({ module: join(asset, `${name}.mjs`), event, timeoutMs });
  const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit').then(() => [undefined])])) as [
    Record<string, unknown>?,
  ];
  const lines = (await log).join('');
  if (message === undefined) throw new Error(`${name} died:\n${lines.slice(-3000)}`);
  if ('error' in message) throw new Error(`${name} threw: ${String(message.error)}\n${lines.slice(-1000)}`);
  return { answer: message.answer as T, maxRssMb: message.maxRssMb as number, log: lines };
}
