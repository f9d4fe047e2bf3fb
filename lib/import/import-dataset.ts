import { UsageError } from '#core/errors.ts';
import type { FileStore } from '#core/ports.ts';
import { type DatasetFormat, datasetFormats } from './dataset-formats.ts';
import { inputLine, type LeftOut, type ReadOptions, truthLine } from './imported-sample.ts';

export const captionsFile = 'captions.jsonl';
export const truthFile = 'truth.jsonl';

export interface ImportOptions extends ReadOptions {
  /** A key of `datasetFormats`. */
  readonly format: string;
  readonly source: string;
  /** The folder for `captions.jsonl` and `truth.jsonl`. */
  readonly out: FileStore;
  /** The image path of a line, from the data set's file name. */
  readonly imagePath: (fileName: string) => string;
  /** Whether the input lines have their phrases; without them extraction is evaluated too. */
  readonly phrases: boolean;
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export interface Imported {
  readonly lines: number;
  readonly expressions: number;
  readonly absent: number;
  readonly boxes: number;
  readonly leftOut: LeftOut;
}

/** Makes an input file and a truth file of a data set. Both appear complete, or not at all. Throws `UsageError`. */
export async function importDataset(options: ImportOptions): Promise<Imported> {
  const { format, source, out, imagePath, phrases, limit = Number.POSITIVE_INFINITY, signal } = options;
  const { read, splits } = formatNamed(format);
  if (options.split !== undefined && !splits)
    throw new UsageError(`${format} has no splits: leave --split out, and name the file of the part you want`);
  const leftOut: LeftOut = new Map();
  const counts = { lines: 0, expressions: 0, absent: 0, boxes: 0 };
  const captions = await out.create(captionsFile);
  const truth = await out.create(truthFile);
  try {
    for await (const sample of read(source, options, leftOut)) {
      signal?.throwIfAborted();
      if (counts.lines >= limit) break;
      const path = imagePath(sample.fileName);
      await captions.write(`${inputLine(sample, path, phrases)}\n`);
      await truth.write(`${truthLine(sample, path)}\n`);
      counts.lines++;
      counts.expressions += sample.expressions.length;
      for (const { boxes } of sample.expressions) {
        counts.boxes += boxes.length;
        if (boxes.length === 0) counts.absent++;
      }
    }
    if (counts.lines === 0) throw new UsageError(`nothing in ${source} could be imported as ${format}${reasons(leftOut)}`);
    await captions.close();
    await truth.close();
  } catch (error) {
    await captions.abort();
    await truth.abort();
    throw error;
  }
  return { ...counts, leftOut };
}

function formatNamed(name: string): DatasetFormat {
  const format = Object.hasOwn(datasetFormats, name) ? datasetFormats[name] : undefined;
  if (format) return format;
  throw new UsageError(`unknown format "${name}"; formats: ${Object.keys(datasetFormats).join(', ')}`);
}

function reasons(leftOut: LeftOut): string {
  const list = [...leftOut].map(([reason, count]) => `${count.toLocaleString('en')} ${reason}`);
  return list.length === 0 ? '' : `: left out were ${list.join(', ')}`;
}
