import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RunStopError } from '#core/errors.ts';
import type { StepName } from '#core/ports.ts';
import { isRemoteAddress } from '#core/remote-address.ts';
import type { FileFacts } from '#core/run-file.ts';
import type { Settings } from '#core/settings.ts';
import { readSamples } from '#input/read-samples.ts';
import { composeRunFile, type RunFileFacts, type StepModelFacts } from '#output/compose-run-file.ts';
import type { ResultFiles } from '#output/result-files.ts';
import type { RunTally } from '#output/run-tally.ts';
import type { Budget } from '#pipeline/budget.ts';
import type { CallGate } from '#pipeline/call-gate.ts';
import type { DirectoryFiles } from '#storage/disk/directory-files.ts';
import { hashFile } from './previous-run.ts';
import { type CompletedLines, findFileWithFewerLines } from './results-in-place.ts';
import type { RunPlan } from './run-plan.ts';

/** Keeps `run.json` true from the beginning of a run to its end, and puts the result files in place. */
export interface RunFileKeeper {
  begin(): Promise<void>;
  /** Notes the progress of the run. Never fails it. */
  note(): Promise<void>;
  /** Returns whether the result files of the results folder are those of this run now. */
  finish(files: ResultFiles, end: RunResult): Promise<boolean>;
}

export interface RunResult {
  readonly tally: RunTally;
  /** Completed lines of each result file. */
  readonly completed: CompletedLines;
  readonly firstPending: number | undefined;
  /** Failed lines of an earlier run that are in `failed.jsonl` besides those of this input. */
  readonly earlierFailures: number;
}

export interface KeeperOptions {
  readonly settings: Settings;
  readonly version: string;
  readonly runId: string;
  /** The results folder. */
  readonly results: DirectoryFiles;
  /** Where this run writes: the results folder itself, or `stopped/` in it while it holds completed lines of an earlier run. */
  readonly target: DirectoryFiles;
  /** Put the files in place even if they hold fewer completed lines. */
  readonly replace: boolean;
  readonly plan: RunPlan;
  readonly gate: CallGate;
  readonly wallClock: () => number;
  /** What has settled so far, in whatever order. */
  readonly progress: RunTally;
  readonly budget: Pick<Budget, 'calls' | 'usd' | 'inAll'>;
  readonly steps: Partial<Record<StepName, StepModelFacts>>;
  readonly notices: readonly string[];
}

type Changing = Pick<RunFileFacts, 'status' | 'tally' | 'files'> & Partial<RunFileFacts>;

export function keepRunFile(options: KeeperOptions): RunFileKeeper {
  const { settings, version, runId, results, target, replace, plan, gate, wallClock, progress, budget, steps, notices } = options;
  const startedAt = wallClock();
  const previous = plan.previous?.files ?? {};
  const isInPlace = target === results;
  let noting: Promise<void> = Promise.resolve();

  const write = async (folder: DirectoryFiles, changing: Changing) => {
    const { path, sha256, lines } = plan.input;
    const text = composeRunFile({
      settings: withWholePaths(settings, plan.previous?.captions),
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
      ...(reason === undefined ? {} : { stop: describeStop(reason) }),
      tally,
      input: { path, sha256, lines: lines + earlierFailures },
      firstPendingLine: firstPending,
      finishedAt: wallClock(),
    };
  };

  /** In such an order that a crash in between leaves nothing that the next run does not recognise. */
  const putInPlace = async (end: RunResult, written: Record<string, FileFacts>, place: () => Promise<void>) => {
    const { status: _, finishedAt: __, stop: ___, firstPendingLine: ____, ...facts } = ending(end);
    await write(results, { ...facts, status: 'running', files: { ...previous, ...(await withReplaced(written, results)) } });
    await place();
    await write(results, { ...ending(end), files: { ...previous, ...written } });
  };

  const isWorthLess = (completed: CompletedLines) =>
    findFileWithFewerLines(results, plan.inPlace, completed, () => readSamples(plan.input.open(), plan.input.kind));

  return {
    async begin() {
      if (!isInPlace) rmSync(target.folder, { recursive: true, force: true }); // of a run before this one: its checkpoints are kept elsewhere
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
      if (!replace && (await isWorthLess(end.completed)) !== undefined) return false;
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

/** With the hashes of the files that are about to be replaced: until they are, those are known too. */
async function withReplaced(facts: Record<string, FileFacts>, results: DirectoryFiles): Promise<Record<string, FileFacts>> {
  const all: Record<string, FileFacts> = {};
  for (const [path, file] of Object.entries(facts)) {
    const replaced = path.startsWith('step_') ? await hashFile(results, path) : undefined;
    all[path] = { ...file, ...(replaced === undefined ? {} : { replaced }) };
  }
  return all;
}

/** So that `groundline retry` finds the same files from any folder. A run of step 1 alone remembers the captions that its step file came from. */
function withWholePaths(settings: Settings, previousCaptions = ''): Settings {
  const { input_jsonl: input, image_root: root } = settings.data;
  const whole = (path: string) => (path === '' || isRemoteAddress(path) ? path : resolve(path));
  return { ...settings, data: { ...settings.data, input_jsonl: whole(input || previousCaptions), image_root: whole(root) } };
}

function describeStop(reason: unknown): { reason: string; message: string } {
  if (reason instanceof RunStopError) return { reason: reason.reason, message: reason.message };
  return { reason: 'error', message: reason instanceof Error ? reason.message : String(reason) };
}
