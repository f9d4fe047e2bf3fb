import { resolve } from 'node:path';
import { RunStopError } from '#core/errors.ts';
import type { StepName } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import type { DirectoryFiles } from '#storage/directory-files.ts';
import type { CallGate } from './call-gate.ts';
import { composeRunFile, type FileFacts, type RunFileFacts, type StepModelFacts } from './compose-run-file.ts';
import { hashOf } from './former-run.ts';
import type { ResultFiles } from './result-files.ts';
import type { RunPlan } from './run-plan.ts';
import type { Spending } from './spending.ts';
import type { Tally } from './tally.ts';

/** Keeps `run.json` true from the beginning of a run to its end. */
export interface RunFileKeeper {
  begin(): Promise<void>;
  /** Notes how far the run is. Never fails it. */
  note(): Promise<void>;
  /** Puts the result files in place, in such an order that a kill in between leaves nothing that the next run would not know. */
  replace(files: ResultFiles, end: RunEnd): Promise<void>;
}

export interface RunEnd {
  readonly tally: Tally;
  readonly firstPending: number | undefined;
  /** Failed lines of an earlier run that are in `failed.jsonl` besides those of this input. */
  readonly carried: number;
}

export interface KeeperOptions {
  readonly settings: Settings;
  readonly version: string;
  readonly runId: string;
  readonly results: DirectoryFiles;
  readonly plan: RunPlan;
  readonly gate: CallGate;
  readonly wallClock: () => number;
  /** What has settled so far, in whatever order. */
  readonly progress: Tally;
  readonly spending: Pick<Spending, 'calls' | 'usd'>;
  readonly steps: Partial<Record<StepName, StepModelFacts>>;
  readonly notices: readonly string[];
}

export function keepRunFile(options: KeeperOptions): RunFileKeeper {
  const { settings, version, runId, results, plan, gate, wallClock, progress, spending, steps, notices } = options;
  const startedAt = wallClock();
  const former = plan.former?.files ?? {};
  let noting: Promise<void> = Promise.resolve();

  const write = async (changing: Pick<RunFileFacts, 'status' | 'tally' | 'files'> & Partial<RunFileFacts>) => {
    const { path, sha256, lines } = plan.input;
    const text = composeRunFile({
      settings: withWholePaths(settings, plan.former?.captions),
      version,
      runId,
      input: { path, sha256, lines },
      imageBase: plan.imageBase,
      startedAt,
      steps,
      spent: { calls: spending.calls, usd: spending.usd },
      notices,
      ...changing,
    });
    const writer = await results.create('run.json');
    await writer.write(text);
    await writer.close();
  };
  const running = () => write({ status: 'running', tally: progress, files: former });

  return {
    begin: running,
    note() {
      noting = noting.then(running).catch(() => {});
      return noting;
    },
    async replace(files, { tally, firstPending, carried }) {
      await noting;
      const written = await withReplaced(await files.facts(), results);
      const { path, sha256, lines } = plan.input;
      const input = { path, sha256, lines: lines + carried };
      await write({ status: 'running', tally, input, files: { ...former, ...written } });
      await files.close();
      const reason = gate.stopped?.reason;
      await write({
        status: reason === undefined ? 'finished' : 'stopped',
        ...(reason === undefined ? {} : { stop: describeStop(reason) }),
        tally,
        input,
        firstPendingLine: firstPending,
        finishedAt: wallClock(),
        files: { ...former, ...(await files.facts()) },
      });
    },
  };
}

/** With the hashes of the files that are about to be replaced: until they are, those are known too. */
async function withReplaced(facts: Record<string, FileFacts>, results: DirectoryFiles): Promise<Record<string, FileFacts>> {
  const all: Record<string, FileFacts> = {};
  for (const [path, file] of Object.entries(facts)) {
    const replaced = path.startsWith('step_') ? await hashOf(results, path) : undefined;
    all[path] = { ...file, ...(replaced === undefined ? {} : { replaced }) };
  }
  return all;
}

/** So that `groundline retry` finds the same files from any folder. A run of step 1 alone remembers the captions that its step file came from. */
function withWholePaths(settings: Settings, formerCaptions = ''): Settings {
  const { input_jsonl: input, image_root: root } = settings.data;
  const whole = (path: string) => (path === '' || /^[a-z][a-z0-9+.-]*:\/\//i.test(path) ? path : resolve(path));
  return { ...settings, data: { ...settings.data, input_jsonl: whole(input || formerCaptions), image_root: whole(root) } };
}

function describeStop(reason: unknown): { reason: string; message: string } {
  if (reason instanceof RunStopError) return { reason: reason.reason, message: reason.message };
  return { reason: 'error', message: reason instanceof Error ? reason.message : String(reason) };
}
