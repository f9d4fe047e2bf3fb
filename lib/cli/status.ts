import { resolve } from 'node:path';
import type { Command } from 'commander';
import { createDirectoryFiles } from '#storage/directory-files.ts';
import { planRetry } from './plan-retry.ts';
import { readRunFile } from './run-file.ts';
import { summarise } from './run-summary.ts';

/** `groundline status RESULTS`: what run.json says, without touching anything. */
export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .description('say how far a run is and what failed')
    .argument('<results>', 'results folder of a run')
    .option('--json', 'print the facts as JSON')
    .addHelpText('after', '\nExample:\n  groundline status results')
    .action(async (folder: string, flags: { json?: boolean }) => {
      const results = createDirectoryFiles(resolve(folder));
      const run = await readRunFile(results);
      if (flags.json) return console.log(JSON.stringify({ ...run, spec: undefined }, null, 2));
      const summary = summarise(run, folder, await planRetry(results, run, folder));
      console.log([summary, ...(run.stop ? [`stopped early: ${run.stop.message}`] : [])].join('\n'));
    });
}
