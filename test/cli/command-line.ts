import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';
import { type CommandEnd, type CommandOptions, commandVariables, runCommandHere } from './command-here.ts';

const cli = fileURLToPath(new URL('../../bin/groundline.js', import.meta.url));

export interface RunningCommand {
  readonly process: ChildProcess;
  readonly end: Promise<CommandEnd>;
}

/** Starts the command line as a process of its own: for signals, kills and whatever else needs a process. */
export function start(args: readonly string[], { cwd, env = {} }: CommandOptions): RunningCommand {
  const child = spawn(process.execPath, [cli, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...commandVariables(cwd, env) },
  });
  const outputs = [child.stdout, child.stderr].map((stream) => text(stream as Readable));
  const end = Promise.all([once(child, 'close'), ...outputs]).then(([[code], stdout = '', stderr = '']) => ({
    code: code as number | null,
    stdout,
    stderr,
  }));
  return { process: child, end };
}

/** Runs a command within this process, so that it shares loaded modules with the test and counts for coverage. */
export const groundline = (args: readonly string[], options: CommandOptions): Promise<CommandEnd> => runCommandHere(args, options);

/** A PNG of one colour is enough for whoever does not look. Its comment makes its bytes its own. */
export function drawImage(path: string, comment = path): void {
  const [signature, header, ...rest] = pngChunks;
  const note = chunk('tEXt', Buffer.from(`Comment\0${comment}`, 'latin1'));
  writeFileSync(path, Buffer.concat([signature as Buffer, header as Buffer, note, ...rest]));
}

/** Writes `captions.jsonl` and its images; a line may be any text of its own. */
export function writeInput(folder: string, lines: readonly (string | Record<string, unknown>)[], images: readonly string[]): string {
  for (const image of images) {
    mkdirSync(join(folder, image, '..'), { recursive: true });
    drawImage(join(folder, image), image);
  }
  const path = join(folder, 'captions.jsonl');
  writeFileSync(path, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
  return path;
}

/** Equal samples in numbers: line i is image i. */
export function writeSamples(folder: string, count: number): string {
  const names = Array.from({ length: count }, (_, index) => `img/${index}.png`);
  return writeInput(
    folder,
    names.map((image_path, index) => ({ image_path, caption: `um a red car near a tall tree, number ${index}` })),
    names,
  );
}

/** The JSON lines of a result file; none where it is not there. */
export function readLines<T = Record<string, unknown>>(...path: string[]): T[] {
  return readFileSync(join(...path), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}

export const readJson = <T = Record<string, unknown>>(...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8')) as T;

/** 64 × 48, black: header, data and end. */
const pngChunks = [
  Buffer.from('89504e470d0a1a0a', 'hex'),
  chunk('IHDR', Buffer.from('00000040000000300800000000', 'hex')),
  chunk('IDAT', deflateSync(Buffer.alloc(65 * 48))),
  chunk('IEND', Buffer.alloc(0)),
];

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(4);
  frame.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([frame, body, sum]);
}
