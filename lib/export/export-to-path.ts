import { stat } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { UsageError } from '#core/errors.ts';
import { openResults } from '#results/read-records.ts';
import { readImageBases } from '#results/read-run-facts.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import type { ExportSummary } from './count-export.ts';
import { exportNote, openExportFolder } from './export-folder.ts';
import type { ExportFormat, Frame } from './export-format.ts';
import { type ExportOptions, exportResults } from './export-results.ts';
import { undividedSplit } from './split.ts';
import { writeSmallFile } from './write-small-file.ts';

type Choice = 'seed' | 'dropUnscored' | 'dropEmpty' | 'dropPartial' | 'firstCategoryId';

export interface ExportRequest extends Partial<Pick<ExportOptions, Choice | 'splits' | 'minScore' | 'images' | 'categories'>> {
  readonly format: ExportFormat;
  /** A results folder, or a result file in one. */
  readonly results: string;
  readonly out: string;
  /** @default the frame of the format's usual loader */
  readonly frame?: Frame;
  /** The folder where image paths begin. @default that of `run.json`, or the results folder */
  readonly imagesRoot?: string;
  /** Export the completed part of an unfinished run. @default false */
  readonly unfinished?: boolean;
  /** Replace an earlier export. @default false */
  readonly force?: boolean;
  readonly signal: AbortSignal;
}

const defaults = { seed: 0, dropUnscored: false, dropEmpty: false, dropPartial: false, firstCategoryId: 1 };

export interface ExportDone {
  readonly summary: ExportSummary;
  readonly frame: Frame;
  /** The folder where relative image names begin, if it is known and the images are not in the export. */
  readonly imagesAt: string | undefined;
}

/** Exports results to a folder or file. The export is atomic: it appears complete, or not at all. Throws `UsageError`. */
export async function exportToPath(request: ExportRequest): Promise<ExportDone> {
  const { format, images, out, splits, unfinished = false, force = false } = request;
  const frame = chooseFrame(request);
  const isFile = format.extension !== undefined && extname(out).toLowerCase() === format.extension;
  if (isFile && splits) throw new UsageError(`--out ${out} names one file, but --split writes several: name a folder`);
  if (isFile && images) throw new UsageError(`--out ${out} names one file, which cannot hold images: name a folder`);
  const { folder, file } = await resolveTarget(request.results);
  const files = createDirectoryFiles(folder);
  const results = await openResults(files, { unfinished, file });
  const knownBases = await readImageBases(files);
  const imageBases = request.imagesRoot === undefined ? [...knownBases, folder, dirname(folder), '.'] : [request.imagesRoot];

  const place = await openExportFolder(out, { force, isFile });
  try {
    const imagesRoot = request.imagesRoot === undefined ? undefined : resolve(request.imagesRoot);
    const summary = await exportResults(results, {
      ...defaults,
      ...request,
      splits: splits ?? undividedSplit,
      isSplit: splits !== undefined,
      ...(imagesRoot && { imagesRoot }),
      frame,
      files: place.files,
      imageBases: imageBases.map((base) => resolve(base)),
    });
    if (!isFile) await writeSmallFile(place.files.folder, exportNote, composeExportNote(request, frame, summary));
    await place.finish(isFile ? `annotations${format.extension}` : undefined);
    return { summary, frame, imagesAt: images ? undefined : (imagesRoot ?? knownBases[0]) };
  } catch (error) {
    await place.abandon();
    throw error;
  }
}

function chooseFrame({ frame, images, format }: ExportRequest): Frame {
  if (images !== 'copy') return frame ?? format.frame;
  if (frame === 'stored')
    throw new UsageError(
      '--frame stored cannot be combined with --copy-images, because copies are upright; leave it out, or use --link-images',
    );
  return 'upright';
}

async function resolveTarget(results: string): Promise<{ folder: string; file: string }> {
  const path = resolve(results);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new UsageError(`no results at ${results}: name the results folder of a run, or its annotations.jsonl`);
  return found.isDirectory() ? { folder: path, file: 'annotations.jsonl' } : { folder: dirname(path), file: basename(path) };
}

/** The origin of the export, for its marker file. */
function composeExportNote(
  { format, results, splits, seed = defaults.seed }: ExportRequest,
  frame: Frame,
  { counted, categories: _, ...counts }: ExportSummary,
): string {
  const made = { format: format.name, results: resolve(results), frame, ...(splits ? { splits, seed } : {}), ...counts };
  return `${JSON.stringify({ ...made, counted: counted.map(({ words }) => words) }, null, 2)}\n`;
}
