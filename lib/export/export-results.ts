import type { Size } from '#core/box.ts';
import { UsageError } from '#core/errors.ts';
import type { OpenResults } from '#results/read-records.ts';
import type { ResultRecord } from '#results/result-record.ts';
import type { DirectoryFiles } from '#storage/disk/directory-files.ts';
import { type Categories, type CategoriesFile, createCategories } from './categories.ts';
import { choosePhrases } from './choose-phrases.ts';
import { createCounter, type ExportSummary } from './count-export.ts';
import type { ExportFormat, ExportSample, Frame, Split } from './export-format.ts';
import { createExportTally, type ExportTally } from './export-tally.ts';
import { storedSize } from './frame.ts';
import { countSamples, createImageGroups, type UnnamedSample } from './group-by-image.ts';
import { createImageNamer } from './image-names.ts';
import { createImagePlacer, measureSource, type PlaceImages } from './place-images.ts';
import { assignSplit } from './split.ts';

export interface ExportOptions {
  readonly format: ExportFormat;
  /** The destination of the files. */
  readonly files: DirectoryFiles;
  readonly splits: readonly [Split, ...Split[]];
  readonly isSplit: boolean;
  readonly seed: number;
  readonly frame: Frame;
  readonly minScore?: number;
  readonly dropUnscored: boolean;
  readonly dropEmpty: boolean;
  readonly dropPartial: boolean;
  readonly images?: PlaceImages;
  /** Absolute image paths below it get names relative to it. */
  readonly imagesRoot?: string;
  /** The folders where relative image paths begin; the first one with the image wins. */
  readonly imageBases: readonly string[];
  readonly categories?: CategoriesFile;
  readonly firstCategoryId: number;
  readonly signal: AbortSignal;
}

/** Streams grounded results into a training format. Throws `UsageError` if nothing is left to export; the caller then removes the files. */
export async function exportResults(results: OpenResults, options: ExportOptions): Promise<ExportSummary> {
  const { format, splits, files, isSplit, images, firstCategoryId } = options;
  const tally = createExportTally();
  const categories = createCategories(options.categories);
  const failed = await countMissing(results, tally);
  const samples = namedSamples(results, options, categories, tally, failed);
  const counter = createCounter(format, splits, categories, tally);
  const placer = images && createImagePlacer(images, files.folder, options.imageBases);
  const fileStem = (split: string) => (isSplit ? split : 'annotations');

  const writer = await format.open({ files, splits, fileStem, hasImages: images !== undefined, categories, firstCategoryId, tally });
  try {
    for await (const { record, sample } of samples) {
      const split = assignSplit(record.imagePath, splits, options.seed);
      const target = `${format.imageFolder(split)}/${sample.image}`;
      await placer?.place({ line: record.line, imagePath: record.imagePath, target, orientation: sample.orientation });
      counter.add(sample, split);
      await writer.write(sample, split);
    }
    await placer?.finish();
    if (counter.isEmpty()) throw nothingLeft(results, tally);
    await writer.close();
  } catch (error) {
    await placer?.finish().catch(() => {});
    await writer.abort();
    throw error;
  }
  return counter.summary();
}

/** The samples to write, each with the last record of it. */
async function* namedSamples(results: OpenResults, options: ExportOptions, categories: Categories, tally: ExportTally, failed: number) {
  const { format, imagesRoot: root, images, signal } = options;
  const groups = format.byImage ? createImageGroups(await countSamples(results.imagePaths(), signal), tally) : undefined;
  const prepare = createPreparation(options, categories, tally, failed);
  const nameOf = createImageNamer({ root, placed: images !== undefined, labelFiles: format.labelFiles }, tally);
  for await (const record of results.records()) {
    signal.throwIfAborted();
    const prepared = await prepare(record);
    const unnamed = groups ? groups.add(record.imagePath, prepared) : prepared;
    if (unnamed === undefined || !keepsEmpty(unnamed, options, tally)) continue;
    const sample: ExportSample = { ...unnamed, ...nameOf(record.imagePath) };
    yield { record, sample };
  }
}

/** Returns the number of failed lines. */
async function countMissing(results: OpenResults, tally: ExportTally): Promise<number> {
  for await (const _ of results.failures()) tally.add('failedSamples');
  if (results.pending > 0) tally.add('pendingSamples', results.pending);
  return tally.count('failedSamples');
}

/**
 * Makes the sample of a record; `undefined` for a record that is left out.
 * `failed` lines are counted already; `output.compat: tao` has a record for each of them too.
 */
function createPreparation(options: ExportOptions, categories: Categories, tally: ExportTally, failed: number) {
  const { format, frame, minScore, dropUnscored } = options;
  const choice = { minScore, dropUnscored, frame, byCategory: format.hasCategories };
  let failedRecords = 0;
  return async (record: ResultRecord): Promise<UnnamedSample | undefined> => {
    if (record.status === 'failed') {
      if (++failedRecords > failed) tally.add('failedSamples');
      return undefined;
    }
    if (record.status === 'partial') {
      tally.add(options.dropPartial ? 'partialDropped' : 'partialKept');
      if (options.dropPartial) return undefined;
    }
    const { size, orientation } = await measured(record, options.imageBases);
    if (orientation > 1) tally.add('turned');
    return {
      imageId: record.imageId,
      size: frame === 'upright' ? size : storedSize(size, orientation),
      orientation,
      captions: [record.cleanedCaption],
      phrases: choosePhrases({ expressions: record.expressions, orientation }, size, choice, categories, tally),
    };
  };
}

async function measured(record: ResultRecord, bases: readonly string[]): Promise<{ size: Size; orientation: number }> {
  const { size, orientation, line, imagePath } = record;
  if (size) return { size, orientation };
  const { width, height, orientation: turn } = await measureSource(line, imagePath, bases);
  return { size: { width, height }, orientation: turn };
}

function keepsEmpty({ phrases }: UnnamedSample, { format, dropEmpty }: ExportOptions, tally: ExportTally): boolean {
  if (phrases.length > 0) return true;
  const dropped = format.refusesEmpty || dropEmpty;
  tally.add(format.refusesEmpty ? 'unloadable' : dropEmpty ? 'emptySamples' : 'emptyKept');
  return !dropped;
}

function nothingLeft(results: OpenResults, tally: ExportTally): UsageError {
  const missing = tally.list().filter(({ kind }) => kind === 'left out');
  const why = missing.length === 0 ? 'annotations.jsonl is empty' : missing.map(({ words }) => words).join('; ');
  return new UsageError(`nothing to export from ${results.location}: ${why}`);
}
