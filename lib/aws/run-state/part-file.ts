import { FileNotFoundError, type FileStore, type StepName } from '#core/ports.ts';
import { formatStepLine, parseStepLine, type StepLine } from '#output/step-line.ts';
import type { ManifestLine } from './manifest.ts';
import { partName, partsFolder } from './run-paths.ts';
import { readStoredText, writeStoredText } from './stored-plan.ts';

/** The completed lines of a batch in one step, by line number. Each call writes the complete file at its end, so that a batch may take several calls. */
export type Part = Map<number, StepLine>;

export interface PartLocation {
  readonly bucket: FileStore;
  readonly prefix: string;
  readonly step: StepName;
  /** The first line of the batch. */
  readonly batch: number;
}

const partPath = ({ prefix, step, batch }: PartLocation) => `${prefix}/${partsFolder(step)}${partName(batch)}`;

/** Empty before the first completed line. */
export async function readPart(location: PartLocation): Promise<Part> {
  const part: Part = new Map();
  try {
    for (const line of (await readStoredText(location.bucket, partPath(location))).split('\n')) {
      if (line === '') continue;
      const stepLine = parseStepLine(line);
      part.set(stepLine.facts.n, stepLine);
    }
  } catch (error) {
    if (!(error instanceof FileNotFoundError)) throw error;
  }
  return part;
}

/** Writes the lines in the order of the batch, which is input order. */
export async function writePart(location: PartLocation, items: readonly ManifestLine[], part: Part): Promise<void> {
  const lines = items.flatMap(({ n }) => part.get(n) ?? []);
  await writeStoredText(location.bucket, partPath(location), lines.map(formatStepLine).join(''));
}
