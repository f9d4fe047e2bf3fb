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

/** An input line and what is wrong with it, if anything. */
export type CheckedLine =
  | { readonly sample: Sample; readonly image: ImageInfo }
  | { readonly line: number; readonly code: string; readonly message: string };

/** Lines whose images are read at the same time. */
const TOGETHER = 32;

/** Streams the input of a spec, lines and image headers checked; memory does not grow with the file. No model is called. */
export async function* checkInput(
  { settings, resultsDir }: Pick<LoadedSpec, 'settings' | 'resultsDir'>,
  notice: (message: string) => void,
  signal: AbortSignal,
): AsyncGenerator<CheckedLine> {
  const { path, kind, inputFolder } = await openInput(settings, resultsDir);
  const images = createLocalImages({ settings: settings.data, inputFolder, notice });
  let waiting: Promise<CheckedLine>[] = [];
  for await (const line of readSamples(explained(createReadStream(path), path), kind)) {
    signal.throwIfAborted();
    waiting.push('sample' in line ? checkImage(line.sample, images, settings, signal) : Promise.resolve(line.rejected));
    if (waiting.length < TOGETHER) continue;
    yield* await Promise.all(waiting);
    waiting = [];
  }
  yield* await Promise.all(waiting);
}

/** What a run would read: the captions, or for step 1 alone the step file that is there. */
async function openInput({ data, workflow }: Settings, resultsDir: string) {
  const results = createDirectoryFiles(resolve(resultsDir));
  const grounds = resultsDir !== '' && !workflow.steps.includes('0') && (await results.size(stepFiles.step_0)) !== undefined;
  const captions = data.input_jsonl || (grounds ? (await readPreviousRun(results))?.captions : undefined);
  const inputFolder = captions ? dirname(resolve(captions)) : '.';
  if (grounds) return { path: join(results.folder, stepFiles.step_0), kind: 'step_0', inputFolder } as const;
  if (data.input_jsonl === '')
    throw new UsageError('nothing to read: name a captions file, or with --out the results folder whose step-0 file is to be grounded');
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

async function* explained(chunks: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UsageError(
      `cannot read the input ${path} (${code}): check image_grounding.data.input_jsonl, or the name of the captions file`,
    );
  }
}
