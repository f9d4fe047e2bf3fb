import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { UsageError } from '#core/errors.ts';
import { connectModels } from '#models/connect.ts';
import { runLocal } from '#run/run-local.ts';
import type { LoadedSpec } from '#spec/load-spec.ts';
import { createDirectoryCheckpoints } from '#storage/directory-checkpoints.ts';
import { createDirectoryFiles } from '#storage/directory-files.ts';
import { createLocalImages } from '#storage/local-images.ts';
import type { Environment } from './environment.ts';
import { createFileMemory } from './file-memory.ts';
import type { ProgressDisplay, RunProgress } from './progress.ts';
import { type RunFile, readRunFile } from './run-file.ts';
import { systemClock } from './system-clock.ts';

export interface RunHereOptions {
  readonly spec: LoadedSpec;
  readonly environment: Environment;
  readonly display: ProgressDisplay;
  readonly signal: AbortSignal;
}

/** Runs a spec on this machine and gives back its `run.json`. Throws `RunStopError` when it was stopped, `UsageError` when it could not start. */
export async function runHere({ spec, environment, display, signal }: RunHereOptions): Promise<RunFile> {
  const { settings } = spec;
  const folder = resolve(spec.resultsDir);
  const input = settings.data.input_jsonl;
  if (input !== '') await requireReadable(input);
  await requireWritable(folder);
  const notice = (message: string) => display.notice(message);
  const connections = await connectModels(
    {
      settings,
      keys: environment.keys,
      maxWorkers: settings.workflow.max_workers,
      clock: systemClock,
      random: Math.random,
      notice,
      memory: createFileMemory(),
    },
    signal,
  );
  const results = createDirectoryFiles(folder);
  await runLocal({
    settings,
    connections,
    results,
    checkpoints: createDirectoryCheckpoints(folder),
    images: createLocalImages({ settings: settings.data, inputFolder: dirname(resolve(input)), notice }),
    clock: systemClock,
    notice,
    onProgress: (progress: RunProgress) => display.show(progress),
    signal,
  });
  return readRunFile(results);
}

async function requireReadable(path: string): Promise<void> {
  await access(path, constants.R_OK).catch(({ code }: NodeJS.ErrnoException) => {
    throw new UsageError(
      `cannot read the input ${path} (${code}): check image_grounding.data.input_jsonl, or the name of the captions file`,
    );
  });
}

async function requireWritable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new UsageError(
      `cannot write to the results folder ${folder} (${(error as NodeJS.ErrnoException).code}): choose another one with --out or results_dir=…`,
    );
  }
}
