import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SFNClient } from '@aws-sdk/client-sfn';
import type { Command } from 'commander';
import { findRun } from '#aws/start/find-run.ts';
import { UsageError } from '#core/errors.ts';
import type { FileStore } from '#core/ports.ts';
import { readPreviousRun } from '#local/previous-run.ts';
import { countCompletedLines } from '#local/results-in-place.ts';
import { stoppedFolder } from '#output/result-files.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { explainWriteError } from '#storage/disk/disk-errors.ts';
import { makeFolder } from '#storage/disk/make-folder.ts';
import { createS3Client } from '#storage/s3/s3-client.ts';
import { createS3Files } from '#storage/s3/s3-files.ts';
import { parseS3 } from '#storage/s3/s3-location.ts';
import { withAwsErrors } from '../aws/aws-errors.ts';
import { addCloudOptions, type CloudFlags, findCloudEnvironment } from '../aws/cloud-environment.ts';
import { readEnvironment } from '../environment.ts';
import { formatCount, formatCounted, quoteShellArgument } from '../format.ts';

interface FetchFlags extends CloudFlags {
  readonly out: string;
  readonly replace?: boolean;
}

const annotations = 'annotations.jsonl';

/** Folder of a run's internal files. */
const INTERNAL_FOLDER = 'work/';

/** `groundline fetch RUN --out FOLDER`: downloads the result files of a run on AWS in the layout of a local run. */
export function addFetchCommand(program: Command): void {
  addCloudOptions(
    program
      .command('fetch')
      .description('download the results of a run on AWS')
      .argument('<run>', 'run id, or s3://BUCKET/runs/DATASET/RUN')
      .requiredOption('--out <folder>', 'results folder to write')
      .option('--replace', 'replace the results in the folder even if they hold more completed lines'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  groundline fetch birds-1f0c2e9a417d056b --env dev --out results\n  groundline fetch s3://BUCKET/runs/birds/birds-1f0c2e9a417d056b --out results\n\nThen: groundline report, export, evaluate and status read the folder.',
    )
    .action((run: string, flags: FetchFlags) => withAwsErrors(() => fetchRun(run, flags)));
}

async function fetchRun(run: string, flags: FetchFlags): Promise<void> {
  const client = createS3Client();
  const { bucket, prefix } = await findRunPaths(run, flags);
  const files = createS3Files({ client, bucket, prefix });
  const out = resolve(flags.out);
  const kept = flags.replace ? undefined : await moreInPlace(files, out);
  const folder = kept === undefined ? out : join(out, stoppedFolder);
  let fetched = 0;
  for await (const path of files.list('')) {
    if (path.startsWith(INTERNAL_FOLDER) || path.endsWith('/')) continue;
    await fetchFile(files, path, folder);
    fetched++;
  }
  client.destroy();
  if (fetched === 0)
    throw new UsageError(
      `no results at ${files.location} yet; fix: groundline watch ${quoteShellArgument(run)} shows the progress of the run`,
    );
  console.log(`${formatCounted(fetched, 'file')} in ${kept === undefined ? flags.out : join(flags.out, stoppedFolder)}`);
  if (kept !== undefined)
    console.error(
      `the results in ${flags.out} hold more completed lines (${formatCount(kept)}) and were not replaced; to replace them, run the same command with --replace`,
    );
}

/** Number of completed lines in the folder, if it is larger than the run's; else `undefined`. */
async function moreInPlace(run: FileStore, folder: string): Promise<number | undefined> {
  const here = createDirectoryFiles(folder);
  const { [annotations]: held = 0 } = await countCompletedLines(here, await readPreviousRun(here), [annotations]);
  if (held === 0) return undefined;
  const { [annotations]: fetched = 0 } = await countCompletedLines(run, await readPreviousRun(run), [annotations]);
  return held > fetched ? held : undefined;
}

async function findRunPaths(run: string, flags: FetchFlags): Promise<{ bucket: string; prefix: string }> {
  if (run.startsWith('s3://')) {
    const { bucket, key } = parseS3(run);
    return { bucket, prefix: key };
  }
  const cloud = await findCloudEnvironment(flags, readEnvironment(), ['bucket', 'stateMachine']);
  const sfn = new SFNClient({});
  const { paths } = await findRun(sfn, cloud.stateMachine, run).finally(() => sfn.destroy());
  return { bucket: cloud.bucket, prefix: paths.prefix };
}

/** Downloads one file atomically. Throws `UsageError` for a key that would be written outside the folder. */
async function fetchFile(files: FileStore, path: string, folder: string): Promise<void> {
  const target = join(folder, path);
  if (!target.startsWith(folder + sep)) throw new UsageError(`unsafe key: got ${files.location}/${path}, expected a path inside ${folder}`);
  const draft = join(dirname(target), `.draft-${process.pid}`);
  try {
    makeFolder(dirname(target));
    await pipeline(files.read(path), createWriteStream(draft));
    await rename(draft, target);
  } catch (error) {
    throw explainWriteError(error, target);
  }
}
