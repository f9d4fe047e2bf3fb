import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { readSpending } from '#local/spending-file.ts';
import type { SpendingTotals } from '#output/compose-run-file.ts';
import { stoppedFolder } from '#output/result-files.ts';
import { type ReadRunFile, requireRunFile } from '#results/read-run-file.ts';
import { createDirectoryFiles, type DirectoryFiles } from '#storage/disk/directory-files.ts';
import { quoteShellArgument } from '../format.ts';
import { planRetry } from '../local/plan-retry.ts';
import { summarise } from '../local/run-summary.ts';

/** `groundline status RESULTS`: prints the state in run.json. It changes no file. */
export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .description('show the progress and failures of a run')
    .argument('<results>', 'results folder of a run')
    .option('--json', 'print the state as JSON')
    .addHelpText('after', '\nExample:\n  groundline status results')
    .action(async (folder: string, flags: { json?: boolean }) => {
      const results = createDirectoryFiles(resolve(folder));
      const run = await requireRunFile(results);
      const apart = createDirectoryFiles(join(results.folder, stoppedFolder));
      const stopped = (await apart.size('run.json')) === undefined ? undefined : await requireRunFile(apart);
      if (flags.json)
        return console.log(JSON.stringify({ ...run, spec: undefined, stopped: stopped && { ...stopped, spec: undefined } }, null, 2));
      const spending = await readSpending(results);
      console.log(await describe(run, folder, results, spending));
      if (!stopped) return;
      const location = join(folder, stoppedFolder);
      console.log(
        [
          '\na later run with fewer completed lines:',
          await describe(stopped, location, apart, spending),
          `to replace the results with it: groundline retry ${quoteShellArgument(location)} --replace`,
        ].join('\n'),
      );
    });
}

async function describe(run: ReadRunFile, location: string, results: DirectoryFiles, spending: SpendingTotals): Promise<string> {
  const summary = summarise(run, location, await planRetry(results, run, location), spending);
  return [summary, ...(run.stop ? [`stopped early: ${run.stop.message}`] : [])].join('\n');
}
