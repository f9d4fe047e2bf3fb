import { FileNotFoundError, type FileStore, type StepName } from '#core/ports.ts';
import { formatStepLine, parseStepLine, type StepLine } from '#run/step-line.ts';
import type { ManifestLine } from './manifest.ts';
import { partName, partsFolder } from './run-place.ts';
import { readText, writeText } from './stored-plan.ts';

/** What a step has settled of one batch, by line number. Written whole at the end of each call, so that a batch may take several. */
export type Part = Map<number, StepLine>;

export interface PartPlace {
  readonly bucket: FileStore;
  readonly prefix: string;
  readonly step: StepName;
  /** The first line of the batch. */
  readonly batch: number;
}

const pathOf = ({ prefix, step, batch }: PartPlace) => `${prefix}/${partsFolder(step)}${partName(batch)}`;

/** Empty where nothing has been settled yet. */
export async function readPart(place: PartPlace): Promise<Part> {
  const part: Part = new Map();
  try {
    for (const line of (await readText(place.bucket, pathOf(place))).split('\n')) {
      if (line === '') continue;
      const settled = parseStepLine(line);
      part.set(settled.facts.n, settled);
    }
  } catch (error) {
    if (!(error instanceof FileNotFoundError)) throw error;
  }
  return part;
}

/** In the order of the batch, which is that of the input. */
export async function writePart(place: PartPlace, items: readonly ManifestLine[], part: Part): Promise<void> {
  const lines = items.flatMap(({ n }) => part.get(n) ?? []);
  await writeText(place.bucket, pathOf(place), lines.map(formatStepLine).join(''));
}
