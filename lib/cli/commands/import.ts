import { stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '#core/errors.ts';
import { datasetFormats } from '#import/dataset-formats.ts';
import { captionsFile, type Imported, importDataset, truthFile } from '#import/import-dataset.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { formatCount, formatCounted, quoteShellArgument } from '../format.ts';
import { parseIntegerFrom } from '../number-arguments.ts';

interface ImportFlags {
  readonly out: string;
  readonly images?: string;
  readonly split?: string;
  readonly limit?: number;
  readonly phrases: boolean;
  readonly absent: number;
  readonly phrasesPerLine: number;
  readonly seed: number;
}

const examples = `Examples:
  groundline import flickr30k Flickr30kEntities --split test --images flickr30k-images --out flickr
  groundline import coco instances_val2017.json --absent 3 --images val2017 --out coco

Then: groundline generate flickr/captions.jsonl --out results, and groundline evaluate results --truth flickr/truth.jsonl`;

/** `groundline import FORMAT SOURCE --out FOLDER`: converts a dataset into captions for `generate` and ground truth for `evaluate`. */
export function addImportCommand(program: Command): void {
  program
    .command('import')
    .description('convert an annotated dataset into captions and ground truth')
    .argument('<format>', Object.keys(datasetFormats).join(', '))
    .argument('<source>', 'file or folder of the dataset')
    .requiredOption('--out <folder>', `output folder for ${captionsFile} and ${truthFile}`)
    .option('--images <folder>', 'folder of the images (default: lines have bare file names, for data.image_root)')
    .option('--no-phrases', 'leave the phrases out of the captions, so that extraction is evaluated too')
    .option('--split <name>', 'flickr30k, refcoco: only this part, e.g. test')
    .option('--limit <count>', 'convert only the first <count> lines', parseIntegerFrom(1))
    .option('--absent <count>', 'coco: add <count> categories that are not in the image', parseIntegerFrom(0), 0)
    .option('--phrases-per-line <count>', 'visual-genome: number of phrases in one line', parseIntegerFrom(1), 20)
    .option('--seed <number>', 'seed of the absent categories', parseIntegerFrom(), 0)
    .addHelpText('after', `\n<source> by format:\n${sourcesText()}\n\n${examples}`)
    .action(async (format: string, source: string, flags: ImportFlags) => {
      console.log(composeImportSummary(await importFrom(format, source, flags), flags));
    });
}

async function importFrom(format: string, source: string, flags: ImportFlags): Promise<Imported> {
  const { out, images, split, limit, phrases, absent, phrasesPerLine, seed } = flags;
  const folder = resolve(out);
  await stat(source).catch((error: unknown) => {
    throw new UsageError(`no dataset at ${source}; fix: check the path`, { cause: error });
  });
  // Image paths are relative to the captions file's folder, so that both can be moved together.
  const prefix = images === undefined ? '' : relative(folder, resolve(images)).split(sep).join('/');
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  return await importDataset({
    signal: interrupted.signal,
    format,
    source,
    out: createDirectoryFiles(folder),
    imagePath: (fileName) => (prefix === '' ? fileName : `${prefix}/${fileName}`),
    phrases,
    absent,
    phrasesPerLine,
    seed,
    images: images === undefined ? undefined : resolve(images),
    split,
    limit,
  });
}

function composeImportSummary({ lines, expressions, absent, boxes, leftOut }: Imported, { out, images, phrases }: ImportFlags): string {
  const left = [...leftOut].map(([reason, number]) => `${formatCount(number)} ${reason}`);
  const root = images === undefined ? ' data.image_root=FOLDER' : '';
  return [
    `${formatCounted(lines, 'line')} with ${formatCounted(expressions, 'phrase')}${absent > 0 ? ` (${formatCount(absent)} absent)` : ''} and ${boxes === 1 ? '1 box' : `${formatCount(boxes)} boxes`} in ${out}`,
    ...(left.length > 0 ? [`left out: ${left.join(', ')}`] : []),
    `next: groundline generate ${quoteShellArgument(join(out, captionsFile))} --out results${root}${phrases ? '' : '   # phrases are extracted'}`,
    `      groundline evaluate results --truth ${quoteShellArgument(join(out, truthFile))}`,
  ].join('\n');
}

function sourcesText(): string {
  return Object.entries(datasetFormats)
    .map(([name, { source }]) => `  ${name.padEnd(14)} ${source}`)
    .join('\n');
}
