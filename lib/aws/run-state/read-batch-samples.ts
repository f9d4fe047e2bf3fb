import type { FileStore } from '#core/ports.ts';
import type { Sample } from '#core/sample.ts';
import { type InputKind, readSample } from '#input/read-samples.ts';
import { groupRanges, type ManifestLine, readRepeat } from './manifest.ts';

/** A file whose content does not change during the run. */
export interface PinnedFile {
  readonly files: FileStore;
  readonly path: string;
}

/** Reads the samples of manifest lines with ranged requests, in order, one range at a time. Throws `TypeError` if file and manifest differ. */
export async function* readBatchSamples(
  { files, path }: PinnedFile,
  lines: readonly ManifestLine[],
  kind: InputKind,
): AsyncGenerator<{ line: ManifestLine; sample: Sample }> {
  for (const range of groupRanges(lines)) {
    const bytes = await readRange(files, path, range);
    for (const line of range.lines) {
      const own = bytes.subarray(line.o - range.start, line.o - range.start + line.b);
      const read = readSample({ number: line.n, offset: line.o, length: line.b, bytes: own }, kind, () => readRepeat(line.id));
      if (!('sample' in read) || read.sample.lineId !== line.id)
        throw new TypeError(`line ${line.n} of ${files.location}/${path} differs from the manifest: was the file replaced?`);
      yield { line, sample: read.sample };
    }
  }
}

async function readRange(files: FileStore, path: string, range: { start: number; end: number }): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of files.read(path, range)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (bytes.length === range.end - range.start) return bytes;
  throw new TypeError(`${files.location}/${path} ends within bytes ${range.start} to ${range.end}: was it replaced?`);
}
