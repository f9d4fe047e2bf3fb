import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { findLocalPictures } from '#report/local-pictures.ts';
import { reportFile, writeReport } from '#report/write-report.ts';
import { readImageBases } from '#results/read-run-facts.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { parseIntegerFrom } from '../number-arguments.ts';
import { openFile } from '../open-file.ts';

interface ReportFlags {
  readonly open?: boolean;
  readonly images?: string;
  readonly maxSamples: number;
}

/** `groundline report RESULTS`: writes report.html again, e.g. after results were downloaded, moved or evaluated. */
export function addReportCommand(program: Command): void {
  program
    .command('report')
    .description('write report.html for a results folder: pictures with their boxes, counts and errors in one file')
    .argument('<results>', 'results folder of a run')
    .option('--open', 'open the report in the browser')
    .option('--images <folder>', 'folder of relative image paths (default: the one in run.json)')
    .option('--max-samples <count>', 'show at most <count> samples', parseIntegerFrom(1), 5_000)
    .addHelpText('after', '\nExamples:\n  groundline report results --open\n  groundline report fetched --images ~/photos')
    .action(async (results: string, flags: ReportFlags) => {
      const path = await writeReportOn(resolve(results), flags);
      console.log(path);
      if (flags.open && !(await openFile(path)))
        console.error('cannot open the report: no desktop program was found; fix: open the file above in a browser');
    });
}

/** Writes the report of a local results folder and returns its path. */
export async function writeReportOn(folder: string, { images, maxSamples = 5_000 }: Partial<ReportFlags> = {}): Promise<string> {
  const results = createDirectoryFiles(folder);
  const bases = [...(images === undefined ? [] : [images]), ...(await readImageBases(results)), folder, dirname(folder), '.'];
  const pictures = findLocalPictures(folder, bases);
  const interrupted = new AbortController();
  const stop = () => interrupted.abort();
  process.once('SIGINT', stop);
  try {
    await writeReport({ results, ...pictures, signal: interrupted.signal, maxSamples });
  } finally {
    process.off('SIGINT', stop);
  }
  return join(folder, reportFile);
}
