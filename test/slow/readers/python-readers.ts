import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('./python', import.meta.url));

export const hasPython = spawnSync('python3', ['-c', 'import venv, ensurepip']).status === 0;

/** Makes a virtual environment with what a requirements file pins, once for each of its contents; returns its Python. */
export async function makePython(requirements: string): Promise<string> {
  const list = join(folder, requirements);
  const name = createHash('sha256').update(readFileSync(list)).digest('hex').slice(0, 12);
  const place = join(tmpdir(), `groundline-readers-${name}`);
  const python = join(place, 'bin', 'python');
  if (existsSync(join(place, 'ready'))) return python;
  await run('python3', ['-m', 'venv', '--clear', place]);
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', list], { maxBuffer: 1 << 24 });
  writeFileSync(join(place, 'ready'), '');
  return python;
}

export interface PythonBox {
  readonly image: string;
  readonly label: string;
  readonly box: readonly [number, number, number, number];
  readonly score: number | null;
  /** The red thing's corners in the picture as the loader sees it, and that picture's size. */
  readonly red: readonly [number, number, number, number];
  readonly size: readonly [number, number];
}

export interface PythonReading {
  readonly boxes: readonly PythonBox[];
  readonly [more: string]: unknown;
}

/** Reads an export with the format's Python reader. */
export async function readWithPython(python: string, format: string, out: string, cache: string): Promise<PythonReading> {
  const script = join(folder, `read_${format.replaceAll('-', '_')}.py`);
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', HF_HUB_OFFLINE: '1', HF_HOME: cache, MPLCONFIGDIR: cache };
  const { stdout } = await run(python, [script, out], { env, maxBuffer: 1 << 26 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as PythonReading;
}
