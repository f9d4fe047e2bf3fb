import type { FileStore, StepName } from '#core/ports.ts';
import { parseStepLine, type StepLine } from '#output/step-line.ts';
import { partsFolder } from './run-paths.ts';
import { readStoredText } from './stored-plan.ts';

/** The completed lines of one step, read in input order. */
export interface PartReader {
  /** The result of a line, `undefined` if no part has it. Line numbers must ascend between calls. */
  at(line: number): Promise<StepLine | undefined>;
}

/** Parts requested ahead: each is a small object and one round trip. */
const AHEAD = 16;

/** Reads the part files of a step in order, some ahead. Parts that end before line `from` are ignored. */
export async function openParts(bucket: FileStore, prefix: string, step: StepName, from: number): Promise<PartReader> {
  const folder = `${prefix}/${partsFolder(step)}`;
  const paths = await pathsFrom(bucket, folder, from);
  const requested: Promise<string>[] = [];
  let next = 0;
  let lines: readonly string[] = [];
  let place = 0;
  let current: StepLine | undefined;

  const fill = () => {
    for (; requested.length < AHEAD && next < paths.length; next++) {
      const reading = readStoredText(bucket, paths[next] as string);
      reading.catch(() => {}); // thrown when this part is awaited
      requested.push(reading);
    }
  };

  const advance = async (): Promise<void> => {
    while (place >= lines.length) {
      fill();
      const part = requested.shift();
      if (part === undefined) {
        current = undefined;
        return;
      }
      lines = (await part).split('\n');
      lines = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
      place = 0;
    }
    current = parseStepLine(lines[place++] as string);
  };

  await advance();
  return {
    async at(line) {
      while (current && current.facts.n < line) await advance();
      return current?.facts.n === line ? current : undefined;
    },
  };
}

/** A part is named by its first line, so line `from` may be in the last part that starts at or before it. */
async function pathsFrom(bucket: FileStore, folder: string, from: number): Promise<string[]> {
  const paths: string[] = [];
  for await (const path of bucket.list(folder)) {
    if (Number.parseInt(path.slice(folder.length), 10) <= from) paths.length = 0;
    paths.push(path);
  }
  return paths;
}
