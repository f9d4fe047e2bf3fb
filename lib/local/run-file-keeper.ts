import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RunStopError } from '#core/errors.ts';
import { isRemoteAddress } from '#core/hosts/remote-address.ts';
import type { StepName } from '#core/ports.ts';
import type { FileFacts } from '#core/run-file.ts';
import type { Settings } from '#core/settings.ts';
import { readSamples } from '#input/read-samples.ts';
import { composeRunFile, type RunFileFacts, type StepModelFacts } from '#output/compose-run-file.ts';
import type { ResultFiles } from '#output/result-files.ts';
import type { RunTally } from '#output/run-tally.ts';
import type { DirectoryFiles } from '#storage/disk/directory-files.ts';
import { hashFile } from './previous-run.ts';
import { type CompletedLines, findFileWithFewerLines } from './results-in-place.ts';
import type { ActiveRun } from './run-context.ts';

/** Keeps `run.json` up to date from the beginning of a run to its end, and puts the result files in place. */
export interface RunFileKeeper {
  begin(): Promise<void>;
  /** Writes the progress of the run. An error of it does not fail the run. */
  note(): Promise<void>;
  /** Returns whether the result files of this run are in place in the results folder. */
  finish(files: ResultFiles, end: RunResult): Promise<boolean>;
}

export interface RunResult {
  readonly tally: RunTally;
  /** Completed lines of each result file. */
  readonly completed: CompletedLines;
  readonly firstPending: number | undefined;
  /** Failed lines of an earlier run in `failed.jsonl`, in addition to those of this input. */
  readonly earlierFailures: number;
}

export interface KeeperOptions {
  /** The folder that this run writes to: the results folder, or `stopped/` in it while the results folder holds completed lines of an earlier run. */
  readonly target: DirectoryFiles;
  /** Counts of the lines completed so far, in any order. */
  readonly progress: RunTally;
  readonly steps: Partial<Record<StepName, StepModelFacts>>;
}

type Changing = Pick<RunFileFacts, 'status' | 'tally' | 'files'> & Partial<RunFileFacts>;

export function keepRunFile(
  { run, output, plan, gate, budget }: Pick<ActiveRun, 'run' | 'output' | 'plan' | 'gate' | 'budget'>,
  { target, progress, steps }: KeeperOptions,
): RunFileKeeper {
  const { settings, version, runId, wallClock } = run;
  const { results, replace, notices } = output;
  const startedAt = wallClock();
  const previous = plan.previous?.files ?? {};
  const isInPlace = target === results;
  let noting: Promise<void> = Promise.resolve();

  const write = async (folder: DirectoryFiles, changing: Changing) => {
    const { path, sha256, lines } = plan.input;
    const text = composeRunFile({
      settings: withAbsolutePaths(settings, plan.previous?.captions),
      version,
      runId,
      input: { path, sha256, lines },
      imageBase: plan.imageBase,
      startedAt,
      steps,
      spent: { calls: budget.calls, usd: budget.usd },
      spentInAll: budget.inAll,
      notices,
      ...changing,
    });
    const writer = await folder.create('run.json');
    await writer.write(text);
    await writer.close();
  };
  const running = () => write(target, { status: 'running', tally: progress, files: isInPlace ? previous : {} });

  const ending = ({ tally, firstPending, earlierFailures }: RunResult): Omit<Changing, 'files'> => {
    const { path, sha256, lines } = plan.input;
    const reason = gate.stopped?.reason;
    return {
      status: reason === undefined ? 'finished' : 'stopped',
      stop: reason === undefined ? undefined : describeStop(reason),
      tally,
      input: { path, sha256, lines: lines + earlierFailures },
      firstPendingLine: firstPending,
      finishedAt: wallClock(),
    };
  };

  /** `run.json` lists old and new hashes before the files move: after a crash in between, the next run recognises them all. */
  const putInPlace = async (end: RunResult, written: Record<string, FileFacts>, place: () => Promise<void>) => {
    const { tally, input } = ending(end);
    await write(results, { status: 'running', tally, input, files: { ...previous, ...(await withReplaced(written, results)) } });
    await place();
    await write(results, { ...ending(end), files: { ...previous, ...written } });
  };

  const findSmallerFile = (completed: CompletedLines) =>
    findFileWithFewerLines(results, plan.inPlace, completed, () => readSamples(plan.input.open(), plan.input.kind));

  return {
    async begin() {
      if (!isInPlace) rmSync(target.folder, { recursive: true, force: true }); // of a previous run, whose checkpoints are stored elsewhere
      await running();
    },
    note() {
      noting = noting.then(running).catch(() => {});
      return noting;
    },
    async finish(files, end) {
      await noting;
      const written = withCompleted(await files.facts(), end.completed);
      if (isInPlace) {
        await putInPlace(end, written, () => files.close());
        return true;
      }
      await files.close();
      await write(target, { ...ending(end), files: written });
      if (!replace && (await findSmallerFile(end.completed)) !== undefined) return false;
      await putInPlace(end, written, async () => moveFiles(target, results, Object.keys(written)));
      rmSync(target.folder, { recursive: true, force: true });
      return true;
    },
  };
}

function moveFiles(from: DirectoryFiles, to: DirectoryFiles, paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(to.folder, path)), { recursive: true });
    renameSync(join(from.folder, path), join(to.folder, path));
  }
}

function withCompleted(facts: Record<string, FileFacts>, completed: CompletedLines): Record<string, FileFacts> {
  return Object.fromEntries(
    Object.entries(facts).map(([path, file]) => [path, path in completed ? { ...file, completed: completed[path] ?? 0 } : file]),
  );
}

/** Adds the hashes of the files that are about to be replaced. They stay valid until then. */
async function withReplaced(facts: Record<string, FileFacts>, results: DirectoryFiles): Promise<Record<string, FileFacts>> {
  const all: Record<string, FileFacts> = {};
  for (const [path, file] of Object.entries(facts)) {
    const replaced = path.startsWith('step_') ? await hashFile(results, path) : undefined;
    all[path] = { ...file, replaced };
  }
  return all;
}

/** Makes paths absolute, so that `groundline retry` finds the files from any folder. A run of step 1 alone keeps the captions file of its step file. */
function withAbsolutePaths(settings: Settings, previousCaptions = ''): Settings {
  const { input_jsonl: input, image_root: root } = settings.data;
  const makeAbsolute = (path: string) => (path === '' || isRemoteAddress(path) ? path : resolve(path));
  return { ...settings, data: { ...settings.data, input_jsonl: makeAbsolute(input || previousCaptions), image_root: makeAbsolute(root) } };
}

function describeStop(reason: unknown): { reason: string; message: string } {
  if (reason instanceof RunStopError) return { reason: reason.reason, message: reason.message };
  return { reason: 'error', message: reason instanceof Error ? reason.message : String(reason) };
}
