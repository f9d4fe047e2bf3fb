import type { FileStore } from '#core/ports.ts';

/** Files up to this size are read completely. */
const COMPLETE_BYTES = 64 * 1024 * 1024;
/** Larger files are read at 256 evenly spaced positions, 64 KiB each. */
const SAMPLES = 256;
const SAMPLE_BYTES = 64 * 1024;

const LF = 0x0a;

/** The same files, with large files reduced to complete lines from all over the file. A report of millions of lines fits into one function call this way. */
export function sampleFiles(files: FileStore, limit = COMPLETE_BYTES): FileStore {
  return {
    ...files,
    async *read(path, range) {
      const size = await files.size(path);
      if (range !== undefined || size === undefined || size <= limit) yield* files.read(path, range);
      else for (let index = 0; index < SAMPLES; index++) yield* linesFrom(files, path, Math.floor((index * size) / SAMPLES), size);
    },
  };
}

/** The complete lines at one position: from after its first line feed, or the start of the file, to its last line feed. */
async function* linesFrom(files: FileStore, path: string, start: number, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.concat(await Array.fromAsync(files.read(path, { start, end: Math.min(size, start + SAMPLE_BYTES) })));
  const first = start === 0 ? 0 : bytes.indexOf(LF) + 1;
  const end = bytes.lastIndexOf(LF) + 1;
  if (end > first) yield bytes.subarray(first, end);
}

/** Whether `sampleFiles` omits lines of a file. */
export async function isSampled(files: FileStore, path: string, limit = COMPLETE_BYTES): Promise<boolean> {
  return ((await files.size(path)) ?? 0) > limit;
}
