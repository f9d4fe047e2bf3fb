import { z } from 'zod';
import { createPathIndex } from '#core/path-index.ts';
import type { FileStore } from '#core/ports.ts';
import type { InputLine } from '#input/read-samples.ts';
import { readJsonLines } from '#results/read-json-lines.ts';
import type { PreviousRun } from './previous-run.ts';

/** Completed lines by result file, as a path in the results folder. */
export type CompletedLines = Readonly<Record<string, number>>;

/** Counts the completed lines of the result files in a folder. Files without any are left out. */
export async function countCompletedLines(
  results: FileStore,
  previous: PreviousRun | undefined,
  paths: readonly string[],
): Promise<CompletedLines> {
  const counts: Record<string, number> = {};
  for (const path of paths) {
    const count = await countCompletedIn(results, previous, path);
    if (count > 0) counts[path] = count;
  }
  return counts;
}

async function countCompletedIn(results: FileStore, previous: PreviousRun | undefined, path: string): Promise<number> {
  const bytes = await results.size(path);
  if (bytes === undefined || bytes === 0) return 0;
  const recorded = previous?.files[path];
  if (recorded?.completed !== undefined && recorded.bytes === bytes) return recorded.completed;
  let count = 0;
  for await (const _ of completedRecords(results, path)) count++;
  return count;
}

/** Finds the first file that would lose completed lines. Lines that are not in the input any more do not count. */
export async function findFileWithFewerLines(
  results: FileStore,
  inPlace: CompletedLines,
  completed: CompletedLines,
  readInput: () => AsyncIterable<InputLine>,
): Promise<string | undefined> {
  const fewer = Object.keys(inPlace).filter((path) => (completed[path] ?? 0) < (inPlace[path] ?? 0));
  if (fewer.length === 0) return undefined;
  const isInInput = await indexInput(readInput());
  for (const path of fewer) {
    let count = 0;
    for await (const record of completedRecords(results, path)) if (isInInput(record)) count++;
    if ((completed[path] ?? 0) < count) return path;
  }
  return undefined;
}

const ResultLine = z.object({ image_path: z.string(), caption: z.string(), status: z.unknown().optional() });
type ResultLine = Pick<z.infer<typeof ResultLine>, 'image_path' | 'caption'>;

async function* completedRecords(results: FileStore, path: string): AsyncGenerator<ResultLine> {
  for await (const line of readJsonLines(results, path)) {
    const record = 'value' in line ? ResultLine.safeParse(line.value).data : undefined;
    if (record && record.status !== 'failed') yield record;
  }
}

async function indexInput(lines: AsyncIterable<InputLine>): Promise<(line: ResultLine) => boolean> {
  const index = createPathIndex();
  for await (const line of lines)
    if ('sample' in line) index.add(composeResultKey({ image_path: line.sample.imagePath, caption: line.sample.caption }));
  const { size } = index;
  return (line) => index.add(composeResultKey(line)).number < size;
}

/** With `output.compat: tao`, image paths include their root, so only the file name equals the input's. */
const composeResultKey = ({ image_path, caption }: ResultLine) =>
  JSON.stringify([image_path.slice(image_path.lastIndexOf('/') + 1), caption]);
