import type { FileStore, StepName } from '#core/ports.ts';
import { parseStepLine, type StepLine } from '#output/step-line.ts';
import { partsFolder } from './run-paths.ts';
import { readStoredText } from './stored-plan.ts';

/** The settled lines of one step, taken in input order. */
export interface PartReader {
  /** The line's own, `undefined` where no part has it. Asked for in ascending order. */
  at(line: number): Promise<StepLine | undefined>;
}

/** Parts on their way at a time: small objects, each a round trip. */
const AHEAD = 16;

/** Reads the part files of a step one after the other, some ahead; those that end before line `from` are passed over. */
export async function openParts(bucket: FileStore, prefix: string, step: StepName, from: number): Promise<PartReader> {
  const folder = `${prefix}/${partsFolder(step)}`;
  const paths = await pathsFrom(bucket, folder, from);
  const coming: Promise<string>[] = [];
  let next = 0;
  let lines: readonly string[] = [];
  let place = 0;
  let current: StepLine | undefined;

  const fill = () => {
    for (; coming.length < AHEAD && next < paths.length; next++) {
      const reading = readStoredText(bucket, paths[next] as string);
      reading.catch(() => {}); // met when its turn comes
      coming.push(reading);
    }
  };

  const advance = async (): Promise<void> => {
    while (place >= lines.length) {
      fill();
      const part = coming.shift();
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

/** Names are first lines, so the part before the first one beyond `from` may hold it. */
async function pathsFrom(bucket: FileStore, folder: string, from: number): Promise<string[]> {
  const paths: string[] = [];
  for await (const path of bucket.list(folder)) {
    if (Number.parseInt(path.slice(folder.length), 10) <= from) paths.length = 0;
    paths.push(path);
  }
  return paths;
}
