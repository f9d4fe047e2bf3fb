import { createHash } from 'node:crypto';
import type { FileStore, FileWriter } from '#core/ports.ts';
import type { FileFacts } from '#core/run-file.ts';
import type { Settings } from '#core/settings.ts';
import { findLastStep, listStepNames, type StepName, stepFiles } from '#core/step-names.ts';
import type { OutputLines } from './line-result.ts';

/** In a results folder: the results of a run that ended with fewer completed lines than those in place. Laid out as a results folder. */
export const stoppedFolder = 'stopped';

/** The result files of a run while it is written; none of them is visible before `close`. */
export interface ResultFiles {
  write(lines: OutputLines): Promise<void>;
  /** Everything is on disk, under no name yet; the facts of each file. */
  facts(): Promise<Record<string, FileFacts>>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

/** One hashed text that goes to one file, or to two of equal content. */
interface Stream {
  readonly paths: readonly string[];
  write(line: string): Promise<void>;
  facts(): Promise<FileFacts>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

const GATHERED = 64 * 1024;

/** Opens the files that these steps write: the step files, `annotations.jsonl` as a copy of the last one, `failed.jsonl`. */
export async function openResultFiles(results: FileStore, steps: Settings['workflow']['steps']): Promise<ResultFiles> {
  const last = findLastStep(steps);
  const names = listStepNames(steps);
  const streams = {
    ...Object.fromEntries(
      await Promise.all(
        names.map(async (name) => {
          const paths = name === last ? [stepFiles[name], 'annotations.jsonl'] : [stepFiles[name]];
          return [name, await openStream(results, paths)] as const;
        }),
      ),
    ),
    failed: await openStream(results, ['failed.jsonl']),
  } as { failed: Stream } & Partial<Record<StepName, Stream>>;
  const all = Object.values(streams);
  return {
    async write({ step_0, step_1, failed }) {
      if (step_0 !== undefined) await streams.step_0?.write(step_0);
      if (step_1 !== undefined) await streams.step_1?.write(step_1);
      if (failed !== undefined) await streams.failed.write(failed);
    },
    async facts() {
      const facts: Record<string, FileFacts> = {};
      for (const stream of all) for (const path of stream.paths) facts[path] = await stream.facts();
      return facts;
    },
    async close() {
      for (const stream of all) await stream.close();
    },
    async abort() {
      for (const stream of all) await stream.abort();
    },
  };
}

async function openStream(results: FileStore, paths: readonly string[]): Promise<Stream> {
  const writers: FileWriter[] = [];
  for (const path of paths) writers.push(await results.create(path));
  const hash = createHash('sha256');
  let [bytes, lines, length] = [0, 0, 0];
  let gathered: string[] = [];
  let digest: string | undefined;
  const flush = async () => {
    const text = gathered.join('');
    gathered = [];
    length = 0;
    if (text === '') return;
    hash.update(text);
    bytes += Buffer.byteLength(text);
    for (const writer of writers) await writer.write(text);
  };
  return {
    paths,
    write(line) {
      gathered.push(line, '\n');
      length += line.length;
      lines++;
      return length < GATHERED ? Promise.resolve() : flush();
    },
    async facts() {
      await flush();
      digest ??= hash.digest('hex');
      return { sha256: digest, bytes, lines };
    },
    async close() {
      for (const writer of writers) await writer.close();
    },
    async abort() {
      for (const writer of writers) await writer.abort();
    },
  };
}
