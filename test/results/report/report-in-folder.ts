import { createHash } from 'node:crypto';
import { mkdtemp, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SampleError } from '#core/errors.ts';
import type { ImageStore } from '#core/ports.ts';
import { localPictureLink } from '#results/report/local-picture-link.ts';
import type { ReportData } from '#results/report/report-data.ts';
import { type ReportOptions, writeReport } from '#results/report/write-report.ts';
import { folderFiles } from './folder-files.ts';

export async function scratchFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'groundline-report-'));
}

/** Images below a folder, as they lie. */
export function folderImages(root: string): ImageStore {
  return {
    async stat(imagePath) {
      const { size, mtimeMs } = await stat(join(root, imagePath));
      return { size, stamp: createHash('sha256').update(String(mtimeMs)).digest('hex') };
    },
    async read(imagePath) {
      try {
        return await readFile(join(root, imagePath));
      } catch (cause) {
        throw new SampleError('image_not_found', `no image at ${imagePath}`, { cause });
      }
    },
  };
}

/** Writes the report of a results folder whose pictures lie inside it, and returns its path. */
export async function reportInFolder(folder: string, options: Partial<ReportOptions> = {}): Promise<string> {
  await writeReport({
    results: folderFiles(folder),
    images: folderImages(folder),
    linkTo: async (path) => localPictureLink(folder, join(folder, path)),
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
