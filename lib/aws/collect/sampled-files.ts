import type { FileStore } from '#core/ports.ts';

/** Files up to this size are read whole. */
const WHOLE_BYTES = 64 * 1024 * 1024;
/** Of larger ones so many places, evenly spread, with so many bytes each. */
const SAMPLES = 256;
const SAMPLE_BYTES = 64 * 1024;

const LF = 0x0a;

/** The same files, of which large ones show whole lines from all over them: what a report of millions of lines can be made of in one call of a function. */
export function sampleFiles(files: FileStore, whole = WHOLE_BYTES): FileStore {
  return {
    ...files,
    async *read(path, range) {
      const size = await files.size(path);
      if (range !== undefined || size === undefined || size <= whole) yield* files.read(path, range);
      else for (let index = 0; index < SAMPLES; index++) yield* linesFrom(files, path, Math.floor((index * size) / SAMPLES), size);
    },
  };
}

/** The whole lines of one place: from behind its first line feed, or the file's beginning, to its last line feed. */
async function* linesFrom(files: FileStore, path: string, start: number, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.concat(await Array.fromAsync(files.read(path, { start, end: Math.min(size, start + SAMPLE_BYTES) })));
  const first = start === 0 ? 0 : bytes.indexOf(LF) + 1;
  const end = bytes.lastIndexOf(LF) + 1;
  if (end > first) yield bytes.subarray(first, end);
}

/** Whether `sampleFiles` leaves anything out of a file. */
export async function isSampled(files: FileStore, path: string, whole = WHOLE_BYTES): Promise<boolean> {
  return ((await files.size(path)) ?? 0) > whole;
}
