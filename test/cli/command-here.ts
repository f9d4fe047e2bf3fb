import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatWithOptions } from 'node:util';

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Thrown by `process.exit` while a command runs here. */
class ExitCall extends Error {}

type Output = 'stdout' | 'stderr';
const consoleOutputs = { log: 'stdout', info: 'stdout', error: 'stderr', warn: 'stderr' } as const;

const entry = fileURLToPath(new URL('../../bin/groundline.ts', import.meta.url));
let commands = 0;
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs the entry point of the command line within this process, one command at a time: a process has one working folder, one
 * environment and one standard output. Afterwards all of them are as they were before.
 */
export function runCommandHere(args: readonly string[], options: CommandOptions): Promise<CommandEnd> {
  const end = last.then(() => runNow(args, options));
  last = end.catch(() => undefined);
  return end;
}

async function runNow(args: readonly string[], { cwd, env = {} }: CommandOptions): Promise<CommandEnd> {
  const written: Record<Output, string> = { stdout: '', stderr: '' };
  let exited: number | undefined;
  const write = (output: Output, text: string) => {
    if (exited === undefined) written[output] += text;
  };
  const exit = (code: number | string | null | undefined): never => {
    exited ??= Number(code ?? process.exitCode ?? 0);
    throw new ExitCall(`exit code ${exited}`);
  };
  const restore = [replaceOutput(write), replaceProcess(args, exit), replaceEnvironment(cwd, env), removeNewListeners()];
  try {
    // The entry point runs when it is imported. The query makes it a new module for each command; its imports stay loaded.
    await import(`${entry}?command=${commands++}`);
    return { code: exited ?? Number(process.exitCode ?? 0), ...written };
  } catch (error) {
    if (error instanceof ExitCall && exited !== undefined) return { code: exited, ...written };
    throw error;
  } finally {
    for (const undo of restore.reverse()) undo();
  }
}

function replaceOutput(write: (output: Output, text: string) => void): () => void {
  const undo: (() => void)[] = [];
  for (const [method, output] of Object.entries(consoleOutputs) as [keyof typeof consoleOutputs, Output][]) {
    const own = console[method];
    console[method] = (...values: unknown[]) => write(output, `${formatWithOptions({ colors: false }, ...values)}\n`);
    undo.push(() => {
      console[method] = own;
    });
  }
  for (const output of ['stdout', 'stderr'] as const) {
    const own = process[output].write;
    process[output].write = ((text: string | Uint8Array, ...rest: unknown[]) => {
      write(output, typeof text === 'string' ? text : Buffer.from(text).toString('utf8'));
      const written = rest.at(-1);
      if (typeof written === 'function') queueMicrotask(() => written());
      return true;
    }) as typeof own;
    undo.push(() => {
      process[output].write = own;
    });
  }
  return () => {
    for (const step of undo) step();
  };
}

function replaceProcess(args: readonly string[], exit: (code?: number | string | null) => never): () => void {
  const { argv, exitCode, exit: ownExit } = process;
  process.argv = [process.execPath, 'groundline', ...args];
  process.exitCode = undefined;
  process.exit = exit;
  return () => Object.assign(process, { argv, exitCode, exit: ownExit });
}

/** The environment of a command: without the model keys of whoever runs the tests, and with a cache folder of its own. */
export const commandVariables = (cwd: string, env: Readonly<Record<string, string>>): Readonly<Record<string, string | undefined>> => ({
  GOOGLE_API_KEY: undefined,
  GEMINI_API_KEY: undefined,
  OPENAI_API_KEY: undefined,
  XDG_CACHE_HOME: join(cwd, '.cache'),
  ...env,
});

function replaceEnvironment(cwd: string, env: Readonly<Record<string, string>>): () => void {
  const [folder, variables] = [process.cwd(), commandVariables(cwd, env)];
  const before = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]));
  process.chdir(cwd);
  setVariables(variables);
  return () => {
    process.chdir(folder);
    setVariables(before);
  };
}

function setVariables(variables: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

/** A command listens for signals until its process ends. */
function removeNewListeners(): () => void {
  const watched: readonly (readonly [NodeJS.EventEmitter, string])[] = [
    [process, 'SIGINT'],
    [process, 'SIGTERM'],
    [process.stdout, 'error'],
  ];
  const before = watched.map(([emitter, event]) => new Set(emitter.listeners(event)));
  return () =>
    watched.forEach(([emitter, event], index) => {
      for (const listener of emitter.listeners(event))
        if (!before[index]?.has(listener)) emitter.removeListener(event, listener as () => void);
    });
}
