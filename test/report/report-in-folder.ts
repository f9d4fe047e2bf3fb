import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findLocalPictures } from '#report/local-pictures.ts';
import type { ReportData } from '#report/report-data.ts';
import { type ReportOptions, writeReport } from '#report/write-report.ts';
import { folderFiles } from './folder-files.ts';

export async function scratchFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'groundline-report-'));
}

/** Writes the report of a results folder with its pictures inside, and returns its path. */
export async function reportInFolder(folder: string, options: Partial<ReportOptions> = {}): Promise<string> {
  await writeReport({
    results: folderFiles(folder),
    ...findLocalPictures(folder, [folder]),
    signal: new AbortController().signal,
    ...options,
  });
  return join(folder, 'report.html');
}

/** The data a report embeds, read back the way the page does. */
export function embeddedData(html: string) {
  const json = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)?.[1];
  if (json === undefined) throw new Error('the report embeds no data');
  return JSON.parse(json) as ReportData;
}
