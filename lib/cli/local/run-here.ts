import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { RunStopError, UsageError } from '#core/errors.ts';
import { openRunCheckpoints } from '#local/run-checkpoints.ts';
import { runLocal } from '#local/run-local.ts';
import { connectModels } from '#models/connect.ts';
import type { AttemptMiddleware } from '#models/language-model.ts';
import { findLocalPictures } from '#report/local-pictures.ts';
import { writeReport } from '#report/write-report.ts';
import { type ReadRunFile, requireRunFile } from '#results/read-run-file.ts';
import type { LoadedSpec } from '#spec/load-spec.ts';
import { createDirectoryFiles, type DirectoryFiles } from '#storage/disk/directory-files.ts';
import { makeFolder } from '#storage/disk/make-folder.ts';
import { createLocalImages } from '#storage/local-images.ts';
import type { CliEnvironment } from '../environment.ts';
import { quoteShellArgument } from '../format.ts';
import type { ProgressDisplay } from '../progress.ts';
import { systemClock } from '../system-clock.ts';
import { createFileMemory } from './capabilities-file.ts';
import { createRunId } from './run-id.ts';
import { keepHeapSmall } from './small-heap.ts';

export interface RunHereOptions {
  readonly spec: LoadedSpec;
  readonly environment: CliEnvironment;
  readonly version: string;
  readonly display: ProgressDisplay;
  readonly signal: AbortSignal;
  /** Replace the results in place even if they hold more completed lines. @default false */
  readonly replace?: boolean;
}

export interface RunHereEnd {
  readonly run: ReadRunFile;
  /** The folder with the result files of this run. */
  readonly folder: string;
  /** Completed lines of the results in place, if this run has fewer and its own are in `stopped/`. */
  readonly kept?: number;
  /** The reason of an early end. */
  readonly stopped?: { readonly reason: unknown };
}

/** Runs a spec on this machine. Throws `UsageError` or `RunStopError` if it cannot start. */
export async function runHere({ spec, environment, version, display, signal, replace = false }: RunHereOptions): Promise<RunHereEnd> {
  keepHeapSmall();
  const { settings } = spec;
  const folder = resolve(spec.resultsDir);
  const input = settings.data.input_jsonl;
  if (settings.workflow.steps.includes('0')) await requireReadable(input);
  await requireWritable(folder);
  const notices: string[] = [];
  const notice = (message: string) => {
    notices.push(message);
    display.notice(message);
  };
  const connect = (attemptMiddleware: AttemptMiddleware, signal: AbortSignal) =>
    connectModels(
      {
        settings,
        keys: environment.keys,
        maxWorkers: settings.workflow.max_workers,
        clock: systemClock,
        random: Math.random,
        notice,
        memory: createFileMemory(),
        attemptMiddleware,
      },
      signal,
    );
  const { stopped, results, kept } = await runLocal(
    { settings, version, runId: createRunId(new Date()), clock: systemClock, wallClock: Date.now, signal },
    { images: (inputFolder) => createLocalImages({ settings: settings.data, inputFolder, notice }), connect },
    {
      results: createDirectoryFiles(folder),
      checkpoints: openRunCheckpoints(folder, settings),
      replace,
      notice,
      notices,
      onProgress: (progress) => display.show(progress),
    },
  );
  const run = await requireRunFile(results);
  await writeReportOfRun(results, run, stopped?.reason).catch((error: unknown) => {
    display.notice(
      `report.html could not be written (${(error as Error).message}); the result files are complete; fix: groundline report ${quoteShellArgument(results.folder)}`,
    );
  });
  return { run, folder: results.folder, kept, stopped };
}

/** Up to this many samples, thumbnails are inlined. Above it the page links to pictures, because thumbnails would take longer than the run. */
const INLINED = 100;
/** Samples on the page of a run, the most notable first. */
const SHOWN = 500;

async function writeReportOfRun(results: DirectoryFiles, run: ReadRunFile, stopReason: unknown): Promise<void> {
  const bases = [...(run.image_base === undefined ? [] : [run.image_base]), dirname(resolve(run.input ?? '.')), '.'];
  const { images, linkTo } = findLocalPictures(results.folder, bases);
  const { done = 0, failed = 0 } = run.counts;
  const isInterrupted = stopReason instanceof RunStopError && stopReason.reason === 'interrupted';
  await writeReport({
    results,
    images: isInterrupted || done + failed > INLINED ? undefined : images,
    linkTo,
    signal: new AbortController().signal,
    maxSamples: SHOWN,
  });
}

async function requireReadable(path: string): Promise<void> {
  await access(path, constants.R_OK).catch(({ code }: NodeJS.ErrnoException) => {
    throw new UsageError(
      `cannot read the input ${path} (${code}); fix: check image_grounding.data.input_jsonl, or the name of the captions file`,
    );
  });
}

async function requireWritable(folder: string): Promise<void> {
  try {
    makeFolder(folder);
    await access(`${folder}/.`, constants.W_OK); // fails if `folder` is a file
  } catch (error) {
    throw new UsageError(
      `cannot write to the results folder ${folder} (${(error as NodeJS.ErrnoException).code}); fix: choose another one with --out or results_dir=…`,
    );
  }
}
