import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./pseudo-terminal.py', import.meta.url));

/** Node has no pseudo-terminals of its own. */
export const hasPseudoTerminals = spawnSync('python3', ['-c', 'import pty, termios']).status === 0;

interface TerminalEnd {
  readonly code: number | null;
  /** All that the terminal got, stdout and stderr. */
  readonly printed: string;
}

export interface RunningInTerminal {
  readonly ended: boolean;
  readonly end: Promise<TerminalEnd>;
  /** Resolves once the terminal shows this text, or at the end. */
  printed(text: string): Promise<void>;
  resize(rows: number, columns: number): void;
  /** Types Ctrl-C: all processes in the foreground get SIGINT. */
  interrupt(): void;
  /** Of a process that has ended nothing more is wanted. */
  kill(signal: NodeJS.Signals): void;
}

/** Starts a command on a real pseudo-terminal. Its size is 0 × 0 until `resize`. */
export async function startInTerminal(
  command: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: Record<string, string> },
): Promise<RunningInTerminal> {
  const { CI: _, ...own } = process.env;
  const terminal = spawn('python3', [script, ...command], { cwd, env: { ...own, TERM: 'xterm', XDG_CACHE_HOME: `${cwd}/.cache`, ...env } });
  let printed = '';
  let ended = false;
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const end = once(terminal, 'close').then(([code]) => {
    ended = true;
    return { code: code as number | null, printed };
  });
  const [pid] = (await once(createInterface(terminal.stderr), 'line')) as [string];
  return {
    get ended() {
      return ended;
    },
    end,
    async printed(text) {
      while (!printed.includes(text) && !ended) await sleep(10);
    },
    resize: (rows, columns) => void terminal.stdin.write(`size ${rows} ${columns}\n`),
    interrupt: () => void terminal.stdin.write('interrupt\n'),
    kill: (signal) => void (ended || process.kill(Number(pid), signal)),
  };
}
