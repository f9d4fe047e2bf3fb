import { z } from 'zod';

/** One sample of the distributed map: line number `n`, byte offset `o` and length `b` in the input, line id. About 60 bytes for a line of any length. */
export const ManifestLine = z.object({ n: z.int().positive(), o: z.int().nonnegative(), b: z.int().positive(), id: z.string().min(1) });
export type ManifestLine = z.infer<typeof ManifestLine>;

export function formatManifestLine({ n, o, b, id }: ManifestLine): string {
  return `{"n":${n},"o":${o},"b":${b},"id":${JSON.stringify(id)}}\n`;
}

/** The number of earlier equal lines, from a line id (`…~3`). */
export function readRepeat(id: string): number {
  return Number(/~(\d+)$/.exec(id)?.[1] ?? 0);
}

/** Lines that one request reads. */
export interface LineRange {
  readonly start: number;
  readonly end: number;
  readonly lines: readonly ManifestLine[];
}

/** Bytes of one request, at most, unless a single line has more. Gaps up to 64 KiB are read along instead of starting a new request. */
const RANGE_BYTES = 4 * 1024 * 1024;
const GAP_BYTES = 64 * 1024;

/** Groups lines into few requests for adjacent lines, and into separate requests for lines sampled from all over the file. */
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
