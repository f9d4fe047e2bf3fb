import { createReadStream } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '#core/errors.ts';
import type { Settings } from '#core/settings.ts';
import type { DirectoryFiles } from '#storage/directory-files.ts';
import { chooseLines, type LineChoice } from './choose-lines.ts';
import { type FormerRun, readFormerRun, requireUntouched } from './former-run.ts';
import type { InputKind } from './read-samples.ts';
import { stepFiles } from './result-files.ts';
import { type InputScan, scanInput } from './scan-input.ts';

/** What a run is going to read and write, looked at before anything is paid. */
export interface RunPlan {
  readonly input: { readonly path: string; readonly kind: InputKind; open(): AsyncIterable<Uint8Array> } & InputScan;
  readonly choice: LineChoice;
  /** Where relative image paths begin, for `failed.jsonl` and `run.json`. */
  readonly imageBase: string;
  /** Of the captions, where images may be that are not below `data.image_root`. */
  readonly inputFolder: string;
  readonly former: FormerRun | undefined;
}

/** Throws `UsageError` for what cannot be read or must not be written over. */
export async function planRun(settings: Settings, results: DirectoryFiles): Promise<RunPlan> {
  const { workflow, data } = settings;
  const startsWithFile = !workflow.steps.includes('0');
  const path = startsWithFile ? join(results.folder, stepFiles.step_0) : resolve(data.input_jsonl);
  if (startsWithFile) await requireStepFile(results);
  else if (path === join(results.folder, 'failed.jsonl') || path === join(results.folder, 'annotations.jsonl'))
    throw new UsageError(
      `${data.input_jsonl} is a result file of the folder it would be replaced in: "groundline retry ${results.location}" tries failed lines again in place, or choose another results folder`,
    );
  const former = await readFormerRun(results);
  if (!workflow.force_reprocess)
    await requireUntouched(
      results,
      former,
      workflow.steps.map((step) => stepFiles[`step_${step}`]),
    );
  const open = () => readInput(path, data.input_jsonl);
  const scan = await scanInput(open());
  const inputFolder = inputFolderOf(data.input_jsonl || (startsWithFile ? former?.captions : path));
  return {
    input: { path, kind: startsWithFile ? 'step_0' : 'captions', open, ...scan },
    choice: chooseLines(workflow, scan.lines),
    imageBase: imageBaseOf(data.image_root, inputFolder),
    inputFolder,
    former,
  };
}

function imageBaseOf(root: string, inputFolder: string): string {
  if (root === '') return inputFolder;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(root) ? root : resolve(root);
}

/** A step file is not where images are: its captions file was. */
const inputFolderOf = (captions: string | undefined) => (captions ? dirname(resolve(captions)) : process.cwd());

async function requireStepFile(results: DirectoryFiles): Promise<void> {
  if ((await results.size(stepFiles.step_0)) !== undefined) return;
  throw new UsageError(
    `workflow.steps is ["1"], which grounds the expressions of ${results.location}/${stepFiles.step_0}, and that file is not there: run steps ["0","1"], or put a step-0 file of yours or of TAO there`,
  );
}

async function* readInput(path: string, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: 256 * 1024 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const what = code === 'EISDIR' ? 'it is a folder' : code;
    throw new UsageError(
      `cannot read the input ${name || path} (${what}): check image_grounding.data.input_jsonl, or the name of the captions file`,
    );
  }
}
