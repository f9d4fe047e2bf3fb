import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '#core/errors.ts';
import { isRemoteAddress } from '#core/hosts/remote-address.ts';
import type { Settings } from '#core/settings.ts';
import { listStepNames, stepFiles } from '#core/step-names.ts';
import { chooseLines, type LineChoice } from '#input/choose-lines.ts';
import type { InputKind } from '#input/read-samples.ts';
import { type InputScan, scanInput } from '#input/scan-input.ts';
import type { DirectoryFiles } from '#storage/disk/directory-files.ts';
import { type PreviousRun, readPreviousRun, requireUntouched } from './previous-run.ts';
import { type CompletedLines, countCompletedLines } from './results-in-place.ts';

/** The input and the output of a run, checked before the first model call. */
export interface RunPlan {
  readonly input: { readonly path: string; readonly kind: InputKind; open(): AsyncIterable<Uint8Array> } & InputScan;
  readonly choice: LineChoice;
  /** Base of relative image paths, for `failed.jsonl` and `run.json`. */
  readonly imageBase: string;
  /** Folder of the captions file. Images that are not below `data.image_root` may be there. */
  readonly inputFolder: string;
  readonly previous: PreviousRun | undefined;
  /** Completed lines in the result files that this run would replace. */
  readonly inPlace: CompletedLines;
}

const CHUNK = 256 * 1024;

/** Throws `UsageError` for an unreadable input, or for files that must not be replaced. */
export async function planRun(settings: Settings, results: DirectoryFiles): Promise<RunPlan> {
  const { workflow, data } = settings;
  const startsWithFile = !workflow.steps.includes('0');
  const path = startsWithFile ? join(results.folder, stepFiles.step_0) : resolve(data.input_jsonl);
  if (startsWithFile) await requireStepFile(results);
  else if (path === join(results.folder, 'failed.jsonl') || path === join(results.folder, 'annotations.jsonl'))
    throw new UsageError(
      `${data.input_jsonl} is a result file that this run would replace; fix: run "groundline retry ${results.location}" to process failed lines again, or choose another results folder`,
    );
  const previous = await readPreviousRun(results);
  if (!workflow.force_reprocess)
    await requireUntouched(
      results,
      previous,
      listStepNames(workflow.steps).map((step) => stepFiles[step]),
    );
  const name = data.input_jsonl || path;
  const openInput = () => explainReadErrors(createReadStream(path, { highWaterMark: CHUNK }), name);
  const scan = await scanInput(explainReadErrors(readIntoOneBuffer(path), name));
  const inputFolder = resolveInputFolder(data.input_jsonl || (startsWithFile ? previous?.captions : path));
  return {
    input: { path, kind: startsWithFile ? 'step_0' : 'captions', open: openInput, ...scan },
    choice: chooseLines(workflow, scan.lines),
    imageBase: resolveImageBase(data.image_root, inputFolder),
    inputFolder,
    previous,
    inPlace: await countCompletedLines(results, previous, resultFilesOf(workflow.steps)),
  };
}

/** The result files that hold a line for every completed sample. */
const resultFilesOf = (steps: Settings['workflow']['steps']) => [
  ...listStepNames(steps).map((step) => stepFiles[step]),
  'annotations.jsonl',
];

function resolveImageBase(root: string, inputFolder: string): string {
  if (root === '') return inputFolder;
  return isRemoteAddress(root) ? root : resolve(root);
}

/** Images are near the captions file, not near the step file that was made from it. */
const resolveInputFolder = (captions: string | undefined) => (captions ? dirname(resolve(captions)) : process.cwd());

async function requireStepFile(results: DirectoryFiles): Promise<void> {
  if ((await results.size(stepFiles.step_0)) !== undefined) return;
  throw new UsageError(
    `workflow.steps is ["1"], but ${results.location}/${stepFiles.step_0} is missing; fix: run steps ["0","1"], or copy a step-0 file of yours or of TAO there`,
  );
}

/** Reads a file into one buffer. With a new buffer per chunk, garbage of a hundred megabytes would build up. */
async function* readIntoOneBuffer(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function* explainReadErrors(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const reason = code === 'EISDIR' ? 'it is a folder' : code;
    throw new UsageError(
      `cannot read the input ${name} (${reason}): check image_grounding.data.input_jsonl, or the name of the captions file`,
    );
  }
}
