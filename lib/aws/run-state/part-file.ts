import { FileNotFoundError, type FileStore, type StepName } from '#core/ports.ts';
import { formatStepLine, parseStepLine, type StepLine } from '#output/step-line.ts';
import type { ManifestLine } from './manifest.ts';
import { partName, partsFolder } from './run-paths.ts';
import { readStoredText, writeStoredText } from './stored-plan.ts';

/** What a step has settled of one batch, by line number. Written whole at the end of each call, so that a batch may take several. */
export type Part = Map<number, StepLine>;

export interface PartLocation {
  readonly bucket: FileStore;
  readonly prefix: string;
  readonly step: StepName;
  /** The first line of the batch. */
  readonly batch: number;
}

const partPath = ({ prefix, step, batch }: PartLocation) => `${prefix}/${partsFolder(step)}${partName(batch)}`;

/** Empty where nothing has been settled yet. */
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

/** In the order of the batch, which is that of the input. */
export async function writePart(location: PartLocation, items: readonly ManifestLine[], part: Part): Promise<void> {
  const lines = items.flatMap(({ n }) => part.get(n) ?? []);
  await writeStoredText(location.bucket, partPath(location), lines.map(formatStepLine).join(''));
}
