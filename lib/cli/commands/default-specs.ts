import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '#core/errors.ts';
import { defaultSpec } from '#spec/default-spec.ts';
import { explainWriteError } from '#storage/disk/disk-errors.ts';
import { makeFolder } from '#storage/disk/make-folder.ts';

const specFile = 'experiment.yaml';

/** `groundline default-specs results_dir=DIR module_name=auto_label`: TAO's command. Without a folder it prints the spec. */
export function addDefaultSpecsCommand(program: Command): void {
  program
    .command('default-specs')
    .alias('default_specs')
    .description('write a spec file with every setting, its default and its range')
    .argument('[overrides...]', 'results_dir=DIR; module_name=auto_label is accepted')
    .option('-f, --force', `replace an existing ${specFile}`)
    .addHelpText(
      'after',
      '\nExamples:\n  groundline default-specs > spec.yaml\n  groundline default_specs results_dir=specs module_name=auto_label',
    )
    .action(async (overrides: string[], flags: { force?: boolean }) => {
      const folder = resultsDir(overrides);
      if (folder === undefined) process.stdout.write(defaultSpec());
      else console.log(await writeSpec(folder, flags.force ?? false));
    });
}

function resultsDir(overrides: readonly string[]): string | undefined {
  let folder: string | undefined;
  for (const override of overrides) {
    const [key, ...rest] = override.split('=');
    const value = rest.join('=');
    if (key === 'results_dir' && value !== '') folder = value;
    else if (key !== 'module_name' || value !== 'auto_label')
      throw new UsageError(`unknown argument: got "${override}", expected results_dir=DIR or module_name=auto_label`);
  }
  return folder;
}

async function writeSpec(folder: string, force: boolean): Promise<string> {
  const path = join(folder, specFile);
  try {
    makeFolder(folder);
    await writeFile(path, defaultSpec(), { flag: force ? 'w' : 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw explainWriteError(error, path);
    throw new UsageError(`${path} exists already; fix: replace it with --force, or choose another results_dir`);
  }
  return path;
}
