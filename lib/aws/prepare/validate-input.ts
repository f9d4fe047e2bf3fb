import { z } from 'zod';
import type { FileStore } from '#core/ports.ts';
import { readByteLines } from '#input/byte-lines.ts';
import type { LineChoice } from '#input/choose-lines.ts';
import { type InputKind, isBlank, readSample } from '#input/read-samples.ts';
import { createRepeats } from '#input/repeats.ts';
import { composeRejectedResult } from '#output/line-result.ts';
import { formatManifestLine } from '../run-state/manifest.ts';
import { LostUploadError, openUpload, type ResumableUpload, UploadState } from '../run-state/resumable-upload.ts';
import type { AskedSamples } from './estimate-run.ts';
import { createImageSampler, type ImageReference } from './sample-images.ts';

const count = z.int().nonnegative();
const Image = z.object({ path: z.string(), base: z.string().optional() });

export const AskedTotals = z.object({ extraction: count, grounding: count });

/** State of a suspended validation. */
export const ValidationState = z.object({
  /** Byte offset of the next line, the number of the line before it, and its index among non-blank lines. */
  offset: count,
  number: count,
  index: count,
  samples: count,
  rejected: count,
  asked: AskedTotals,
  longestLine: count,
  firstUnchosenLine: z.int().positive().optional(),
  images: z.object({ stride: z.int().positive(), kept: z.array(Image), last: Image.optional() }),
  manifest: UploadState,
  refused: UploadState,
});
export type ValidationState = z.infer<typeof ValidationState>;

export interface Validated {
  readonly samples: number;
  readonly rejected: number;
  readonly asked: AskedSamples;
  readonly longestLine: number;
  readonly firstUnchosenLine?: number;
  /** Images sampled from all over the input. */
  readonly images: readonly ImageReference[];
}

export interface ValidationOptions {
  /** The input as plain text. */
  readonly files: FileStore;
  readonly path: string;
  readonly kind: InputKind;
  readonly choice: LineChoice;
  readonly imageBase: string;
  readonly uploads: { readonly manifest: ListUpload; readonly refused: ListUpload };
  /** Storage for the counts of sample ids between calls, by the offset of the next line. They are too large for the state. */
  readonly repeatsFile: { read(offset: number): Promise<Uint8Array>; write(offset: number, bytes: Uint8Array): Promise<void> };
  readonly state?: ValidationState | undefined;
  /** Whether it is time to suspend the work. */
  readonly isLate: () => boolean;
}

type ListUpload = Omit<Parameters<typeof openUpload>[0], 'state'>;

/** Lines between two checks of the time. */
const CHECK_EVERY = 500;

/**
 * Reads every line once. Samples go into the manifest, invalid lines into a list of refused lines. A suspended validation returns its
 * state and resumes from it. The state is `undefined` after a lost upload; the validation then starts over.
 */
export async function validateInput(options: ValidationOptions): Promise<{ done: Validated } | { state: ValidationState | undefined }> {
  try {
    return await validateFrom(options);
  } catch (error) {
    if (error instanceof LostUploadError) return { state: undefined };
    throw error;
  }
}

async function validateFrom(options: ValidationOptions): Promise<{ done: Validated } | { state: ValidationState }> {
  const { files, path, kind, choice, imageBase, uploads, repeatsFile, state, isLate } = options;
  const manifest = await openUpload({ ...uploads.manifest, state: state?.manifest });
  const refused = await openUpload({ ...uploads.refused, state: state?.refused });
  const repeats = createRepeats(state && (await repeatsFile.read(state.offset)));
  const images = createImageSampler(state?.images);
  let { index, samples, rejected, longestLine, firstUnchosenLine } = state ?? {
    index: 0,
    samples: 0,
    rejected: 0,
    longestLine: 1,
    firstUnchosenLine: undefined,
  };
  const asked = { extraction: 0, grounding: 0, ...state?.asked };
  const from = { offset: state?.offset ?? 0, number: state?.number ?? 0 };

  for await (const line of readByteLines(files.read(path, { start: from.offset }))) {
    const here = { ...line, number: from.number + line.number, offset: from.offset + line.offset };
    if (line.number % CHECK_EVERY === 0 && isLate()) {
      await repeatsFile.write(here.offset, repeats.save());
      const position = { offset: here.offset, number: here.number - 1, index };
      const counts = { samples, rejected, asked, longestLine, firstUnchosenLine, images: images.state };
      return { state: { ...position, ...counts, manifest: await manifest.save(), refused: await refused.save() } };
    }
    if (isBlank(line)) continue;
    if (!choice.has(index)) firstUnchosenLine ??= here.number;
    if (index >= choice.end) break;
    const chosen = choice.has(index++);
    const read = readSample(here, kind, repeats.next);
    if (!chosen) continue;
    if ('rejected' in read) {
      rejected++;
      await refused.write(`${JSON.stringify({ n: here.number, ...composeRejectedResult(read.rejected, imageBase) })}\n`);
      continue;
    }
    samples++;
    // In a random choice of lines, the earlier equal line may not be chosen.
    if (read.sample.repeat === 0 || choice.size < choice.end) {
      asked.grounding++;
      if (!read.sample.given) asked.extraction++;
    }
    longestLine = Math.max(longestLine, here.length);
    images.offer({ path: read.sample.imagePath, base: read.sample.imageBase });
    await manifest.write(formatManifestLine({ n: here.number, o: here.offset, b: here.length, id: read.sample.lineId }));
  }
  await closeAll(manifest, refused);
  return { done: { samples, rejected, asked, longestLine, firstUnchosenLine, images: images.sample() } };
}

async function closeAll(...uploads: readonly ResumableUpload[]): Promise<void> {
  for (const upload of uploads) await upload.close();
}
