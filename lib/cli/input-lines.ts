import { createReadStream } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { SampleError, UsageError } from '#core/errors.ts';
import type { ImageStore } from '#core/ports.ts';
import type { Sample } from '#core/sample.ts';
import type { Settings } from '#core/settings.ts';
import { type ImageInfo, measureImage } from '#images/measure-image.ts';
import { readSamples } from '#run/read-samples.ts';
import { createLocalImages } from '#storage/local-images.ts';

/** An input line and what is wrong with it, if anything. */
export type CheckedLine =
  | { readonly sample: Sample; readonly image: ImageInfo }
  | { readonly line: number; readonly code: string; readonly message: string };

/** Lines whose images are read at the same time. */
const TOGETHER = 32;

/** Streams the input of a spec, lines and image headers checked; memory does not grow with the file. No model is called. */
export async function* checkInput(settings: Settings, notice: (message: string) => void, signal: AbortSignal): AsyncGenerator<CheckedLine> {
  const path = resolve(settings.data.input_jsonl);
  const images = createLocalImages({ settings: settings.data, inputFolder: dirname(path), notice });
  let waiting: Promise<CheckedLine>[] = [];
  for await (const line of readSamples(explained(createReadStream(path), settings.data.input_jsonl))) {
    signal.throwIfAborted();
    waiting.push('sample' in line ? checkImage(line.sample, images, settings, signal) : Promise.resolve(line.rejected));
    if (waiting.length < TOGETHER) continue;
    yield* await Promise.all(waiting);
    waiting = [];
  }
  yield* await Promise.all(waiting);
}

async function checkImage(sample: Sample, images: ImageStore, { data }: Settings, signal: AbortSignal): Promise<CheckedLine> {
  try {
    const limits = { maxBytes: data.max_image_bytes, maxPixels: data.max_image_pixels };
    return { sample, image: measureImage(await images.read(sample.imagePath, signal), limits) };
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
