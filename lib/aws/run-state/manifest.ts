import { z } from 'zod';

/** One sample as the distributed map hands it out: line number, byte offset and length in the input, line id. About 60 bytes, whatever the line's own length. */
export const ManifestLine = z.object({ n: z.int().positive(), o: z.int().nonnegative(), b: z.int().positive(), id: z.string().min(1) });
export type ManifestLine = z.infer<typeof ManifestLine>;

export function formatManifestLine({ n, o, b, id }: ManifestLine): string {
  return `{"n":${n},"o":${o},"b":${b},"id":${JSON.stringify(id)}}\n`;
}

/** How many equal lines come before, from a line id (`…~3`). */
export function readRepeat(id: string): number {
  return Number(/~(\d+)$/.exec(id)?.[1] ?? 0);
}

/** Consecutive lines that are read by one request. */
export interface LineRange {
  readonly start: number;
  readonly end: number;
  readonly lines: readonly ManifestLine[];
}

/** Bytes of one request at most, unless a single line has more; and bytes between two lines that are read rather than asked around. */
const RANGE_BYTES = 4 * 1024 * 1024;
const GAP_BYTES = 64 * 1024;

/** Few requests for lines that stand together, no long way for lines that a sample drew from all over the file. */
export function groupRanges(lines: readonly ManifestLine[]): LineRange[] {
  const ranges: { start: number; end: number; lines: ManifestLine[] }[] = [];
  for (const line of lines) {
    const last = ranges.at(-1);
    const end = line.o + line.b;
    if (last && line.o >= last.start && line.o - last.end <= GAP_BYTES && end - last.start <= RANGE_BYTES) {
      last.end = Math.max(last.end, end);
      last.lines.push(line);
    } else ranges.push({ start: line.o, end, lines: [line] });
  }
  return ranges;
}
