import type { Categories } from './categories.ts';
import type { ExportFormat, ExportSample, Split } from './export-format.ts';
import type { Counted, ExportTally } from './export-tally.ts';

export interface CategoryCount {
  readonly name: string;
  readonly boxes: number;
}

/** The counts of an export: its content, and the parts left out. */
export interface ExportSummary {
  readonly samples: Readonly<Record<string, number>>;
  readonly boxes: number;
  /** In id order, with their boxes; empty for a format without categories. */
  readonly categories?: readonly CategoryCount[];
  readonly counted: readonly Counted[];
}

/** Counts the written samples. */
export function createCounter(format: ExportFormat, splits: readonly Split[], categories: Categories, tally: ExportTally) {
  const samples: Record<string, number> = Object.fromEntries(splits.map(({ name }) => [name, 0]));
  const boxesOf = new Map<string, number>();
  let written = 0;
  return {
    add({ phrases }: ExportSample, split: string): void {
      samples[split] = (samples[split] ?? 0) + 1;
      for (const { category, boxes } of phrases) {
        written += boxes.length;
        if (!format.hasScores) tally.add('scoreless', boxes.filter(({ score }) => score !== null).length);
        if (!format.hasCategories) continue;
        boxesOf.set(category, (boxesOf.get(category) ?? 0) + boxes.length);
      }
    },
    isEmpty: () => Object.values(samples).every((count) => count === 0),
    summary(): ExportSummary {
      const list = categories.names.map((name) => ({ name, boxes: boxesOf.get(name) ?? 0 }));
      return { samples, boxes: written, ...(format.hasCategories ? { categories: list } : {}), counted: tally.list() };
    },
  };
}
