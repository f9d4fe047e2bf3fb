import { basename, dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '#core/errors.ts';
import { fileNamePart } from '#core/sample-id.ts';
import { lockResults } from '#local/lock-results.ts';
import { stoppedFolder } from '#output/result-files.ts';
import { type ReadRunFile, requireRunFile } from '#results/read-run-file.ts';
import { type LoadedSpec, loadSpec } from '#spec/load-spec.ts';
import { removeCheckpoints } from '#storage/disk/directory-checkpoints.ts';
import { createDirectoryFiles, type DirectoryFiles } from '#storage/disk/directory-files.ts';
import { type CliEnvironment, readEnvironment } from '../environment.ts';
import { planRetry } from '../local/plan-retry.ts';
import { generate, readVersion } from './generate.ts';

interface RetryFlags {
  readonly id?: string;
  readonly replace?: boolean;
  readonly json?: boolean;
}

/** `groundline retry RESULTS`: repeats a run in place; only failed samples are sent to the model. */
export function addRetryCommand(program: Command): void {
  program
    .command('retry')
    .description('retry the failed samples of a run in place; finished samples make no model calls')
    .argument('<results>', 'results folder of a run')
    .argument('[overrides...]', 'settings to change, as dotted.key=value')
    .option('--id <id>', 're-ask this sample although it is finished (image_id or sample id)')
    .option('--replace', 'replace the results in place even if they hold more completed lines')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExamples:\n  groundline retry results\n  groundline retry results --id 000000397133')
    .action(async (folder: string, overrides: string[], flags: RetryFlags, command: Command) => {
      const environment = readEnvironment();
      const results = createDirectoryFiles(resolve(folder));
      const run = await requireRunFile(results);
      const { withStep0 } = await planRetry(results, run, folder);
      const own = await resultsFolderOf(folder);
      const spec = loadRetrySpec(
        run,
        { folder: own, isResumed: own !== folder },
        [...(withStep0 ? ['workflow.steps=["0","1"]'] : []), ...overrides],
        environment,
      );
      if (flags.id !== undefined) await removeSampleCheckpoints(createDirectoryFiles(resolve(own)), flags.id);
      const { json = false, replace = false } = flags;
      await generate(spec, { json, replace }, { environment, version: readVersion(command) });
    });
}

/** The folder with the checkpoints of a run: for `results/stopped` it is `results`. */
async function resultsFolderOf(folder: string): Promise<string> {
  const parent = dirname(resolve(folder));
  if (basename(resolve(folder)) !== stoppedFolder || (await createDirectoryFiles(parent).size('run.json')) === undefined) return folder;
  return dirname(folder) === '.' ? parent : dirname(folder);
}

/** The spec in run.json with the overrides. Keys are not in run.json: they come from the environment or an override. */
function loadRetrySpec(
  run: ReadRunFile,
  { folder, isResumed }: { folder: string; isResumed: boolean },
  overrides: readonly string[],
  environment: CliEnvironment,
): LoadedSpec {
  // Values in run.json are final: a "${" in them is literal text.
  const escaped = JSON.stringify(run.spec ?? {}).replaceAll('${', '\\\\${');
  const text = `{"autolabel_type":"image_grounding","image_grounding":${escaped}}`;
  // A retry is not forced, except by an override. A resumed forced run keeps its setting and reuses its own checkpoints.
  const own = [`results_dir=${JSON.stringify(folder)}`, ...(isResumed ? [] : ['workflow.force_reprocess=false'])];
  const file = { text, name: `${folder}/run.json` };
  return loadSpec({ file, overrides: [...own, ...overrides], env: environment.variable, environmentKeys: environment.keys });
}

/** Removes the checkpoints of a sample, so that the next run re-asks it. Throws `UsageError` if there are none or if another run holds the lock. */
async function removeSampleCheckpoints(results: DirectoryFiles, id: string): Promise<void> {
  const lock = await lockResults(results.folder);
  try {
    const removed = removeCheckpoints(results.folder, (sampleId) => isCheckpointOf(sampleId, id));
    if (removed === 0) throw new UsageError(`no sample ${id} in ${results.location}; fix: name an image_id from annotations.jsonl`);
  } finally {
    lock.release();
  }
}

/** `a_b-0123456789abcdef` matches the sample of that id, and the `image_id` `a/b` in annotations.jsonl. */
function isCheckpointOf(sampleId: string, id: string): boolean {
  return sampleId === id || sampleId.replace(/-[0-9a-f]{16}(?:~\d+)?$/, '') === fileNamePart(id, id);
}
