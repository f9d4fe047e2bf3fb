import { join } from 'node:path';
import { exportFormats } from '#export/export-formats.ts';
import { type ExportDone, type ExportRequest, exportToPath } from '#export/export-to-path.ts';

export function formatOf(name: string) {
  const format = exportFormats.find((one) => one.name === name);
  if (!format) throw new Error(`no format ${name}`);
  return format;
}

export interface Exported extends ExportDone {
  readonly out: string;
}

let exports = 0;

/** Exports a results folder to a new place in it. */
export async function exportFrom(folder: string, format: string, options: Partial<ExportRequest> = {}): Promise<Exported> {
  const out = options.out ?? join(folder, `export-${exports++}`);
  const done = await exportToPath({ format: formatOf(format), results: folder, signal: new AbortController().signal, ...options, out });
  return { ...done, out };
}

export const leftOut = ({ summary }: ExportDone) =>
  Object.fromEntries(summary.counted.filter(({ kind }) => kind === 'left out').map(({ reason, count }) => [reason, count]));

export const notes = ({ summary }: ExportDone) =>
  Object.fromEntries(summary.counted.filter(({ kind }) => kind === 'note').map(({ reason, count }) => [reason, count]));
