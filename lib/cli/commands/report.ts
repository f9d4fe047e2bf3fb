import { dirname, join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { findLocalPictures } from '#report/local-pictures.ts';
import { reportFile, writeReport } from '#report/write-report.ts';
import { readImageBases } from '#results/read-run-facts.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { openFile } from '../open-file.ts';

interface ReportFlags {
  readonly open?: boolean;
  readonly images?: string;
  readonly maxSamples: number;
}

/** `groundline report RESULTS`: writes report.html again, for results that were fetched, moved or evaluated since. */
export function addReportCommand(program: Command): void {
  program
    .command('report')
    .description('write report.html for a results folder: pictures with their boxes, counts and errors in one file')
    .argument('<results>', 'results folder of a run')
    .option('--open', 'open it in the browser')
    .option('--images <folder>', 'where relative image paths begin, if not where run.json says')
    .option('--max-samples <count>', 'show at most this many samples', wholeNumber, 5_000)
    .addHelpText('after', '\nExamples:\n  groundline report results --open\n  groundline report fetched --images ~/photos')
    .action(async (results: string, flags: ReportFlags) => {
      const path = await writeReportOn(resolve(results), flags);
      console.log(path);
      if (flags.open && !(await openFile(path))) console.error('no browser could be started from here: open the file above by hand');
    });
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('it has to be a whole number from 1 on');
  return Number(text);
}

/** Writes the report of a results folder of this machine and returns its path. */
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
