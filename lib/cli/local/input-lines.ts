import { createReadStream } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { SampleError, UsageError } from '#core/errors.ts';
import { freeBytes } from '#core/free-bytes.ts';
import type { ImageStore } from '#core/ports.ts';
import type { Sample } from '#core/sample.ts';
import type { Settings } from '#core/settings.ts';
import { stepFiles } from '#core/step-names.ts';
import { type ImageInfo, measureImage } from '#images/measure-image.ts';
import { readSamples } from '#input/read-samples.ts';
import { readPreviousRun } from '#local/previous-run.ts';
import type { LoadedSpec } from '#spec/load-spec.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { createLocalImages } from '#storage/local-images.ts';

/** A valid sample with its image facts, or the reason why a line is invalid. */
export type CheckedLine =
  | { readonly sample: Sample; readonly image: ImageInfo }
  | { readonly line: number; readonly code: string; readonly message: string };

/** Number of images that are read at the same time. */
const TOGETHER = 32;

/** Streams the input of a spec and checks each line and image header. Makes no model calls; memory does not grow with the file. */
export async function* checkInput(
  { settings, resultsDir }: Pick<LoadedSpec, 'settings' | 'resultsDir'>,
  notice: (message: string) => void,
  signal: AbortSignal,
): AsyncGenerator<CheckedLine> {
  const { path, kind, inputFolder } = await openInput(settings, resultsDir);
  const images = createLocalImages({ settings: settings.data, inputFolder, notice });
  let waiting: Promise<CheckedLine>[] = [];
  for await (const line of readSamples(explainReadErrors(createReadStream(path), path), kind)) {
    signal.throwIfAborted();
    waiting.push('sample' in line ? checkImage(line.sample, images, settings, signal) : Promise.resolve(line.rejected));
    if (waiting.length < TOGETHER) continue;
    yield* await Promise.all(waiting);
    waiting = [];
  }
  yield* await Promise.all(waiting);
}

/** The file that a run reads: the captions file, or for step 1 alone the step-0 file if it exists. */
async function openInput({ data, workflow }: Settings, resultsDir: string) {
  const results = createDirectoryFiles(resolve(resultsDir));
  const readsStepFile = resultsDir !== '' && !workflow.steps.includes('0') && (await results.size(stepFiles.step_0)) !== undefined;
  const captions = data.input_jsonl || (readsStepFile ? (await readPreviousRun(results))?.captions : undefined);
  const inputFolder = captions ? dirname(resolve(captions)) : '.';
  if (readsStepFile) return { path: join(results.folder, stepFiles.step_0), kind: 'step_0', inputFolder } as const;
  if (data.input_jsonl === '')
    throw new UsageError(
      'no input: got no captions file and no step-0 file; fix: name a captions file, or with --out a results folder that has a step-0 file',
    );
  return { path: data.input_jsonl, kind: 'captions', inputFolder } as const;
}

async function checkImage(sample: Sample, images: ImageStore, { data }: Settings, signal: AbortSignal): Promise<CheckedLine> {
  try {
    const limits = { maxBytes: data.max_image_bytes, maxPixels: data.max_image_pixels };
    const bytes = await images.read(sample.imagePath, signal);
    const image = measureImage(bytes, limits);
    freeBytes(bytes);
    return { sample, image };
  } catch (error) {
    if (!(error instanceof SampleError)) throw error;
    return { line: sample.line, code: error.code, message: error.message };
  }
}

async function* explainReadErrors(chunks: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UsageError(
      `cannot read the input ${path} (${code}); fix: check image_grounding.data.input_jsonl, or the name of the captions file`,
    );
  }
}
