import { stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { UsageError } from '#core/errors.ts';
import { datasetFormats } from '#import/dataset-formats.ts';
import { captionsFile, type Imported, importDataset, truthFile } from '#import/import-dataset.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { formatCount, formatCounted } from '../format.ts';

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

/** `groundline import FORMAT SOURCE --out FOLDER`: input lines and a truth file of a known data set, for `generate` and `evaluate`. */
export function addImportCommand(program: Command): void {
  program
    .command('import')
    .description('make input lines and a truth file of a data set with known boxes')
    .argument('<format>', Object.keys(datasetFormats).join(', '))
    .argument('<source>', 'file or folder of the data set')
    .requiredOption('--out <folder>', `takes ${captionsFile} and ${truthFile}`)
    .option('--images <folder>', 'where the images are; otherwise lines have bare file names, for data.image_root')
    .option('--no-phrases', 'leave the phrases out of the input lines, so that extraction is evaluated too')
    .option('--split <name>', 'flickr30k, refcoco: only this part, e.g. test')
    .option('--limit <count>', 'only the first lines', wholeNumber)
    .option('--absent <count>', 'coco: also ask for so many categories that are not in the image', wholeNumber, 0)
    .option('--phrases-per-line <count>', 'visual-genome: so many phrases of an image in one line', wholeNumber, 20)
    .option('--seed <number>', 'which absent categories are drawn', wholeNumber, 0)
    .addHelpText('after', `\nWhat <source> is:\n${sourcesText()}\n\n${examples}`)
    .action(async (format: string, source: string, flags: ImportFlags) => {
      console.log(composeImportSummary(await importFrom(format, source, flags), flags));
    });
}

async function importFrom(format: string, source: string, flags: ImportFlags): Promise<Imported> {
  const { out, images, split, limit, phrases, absent, phrasesPerLine, seed } = flags;
  const folder = resolve(out);
  if (phrasesPerLine === 0) throw new UsageError('--phrases-per-line has to be 1 or more');
  await stat(source).catch((error: unknown) => {
    throw new UsageError(`${source} is not there; check the path of the data set`, { cause: error });
  });
  // Relative paths begin at the input file's folder, so that both can be moved together.
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
    ...(images === undefined ? {} : { images: resolve(images) }),
    ...(split === undefined ? {} : { split }),
    ...(limit === undefined ? {} : { limit }),
  });
}

function composeImportSummary({ lines, expressions, absent, boxes, leftOut }: Imported, { out, images, phrases }: ImportFlags): string {
  const left = [...leftOut].map(([reason, number]) => `${formatCount(number)} ${reason}`);
  const root = images === undefined ? ' data.image_root=<folder of the images>' : '';
  return [
    `${formatCounted(lines, 'line')} with ${formatCounted(expressions, 'phrase')}${absent > 0 ? ` (${formatCount(absent)} absent)` : ''} and ${boxes === 1 ? '1 box' : `${formatCount(boxes)} boxes`} in ${out}`,
    ...(left.length > 0 ? [`left out: ${left.join(', ')}`] : []),
    `next: groundline generate ${join(out, captionsFile)} --out results${root}${phrases ? '' : '   # phrases are extracted'}`,
    `      groundline evaluate results --truth ${join(out, truthFile)}`,
  ].join('\n');
}

function sourcesText(): string {
  return Object.entries(datasetFormats)
    .map(([name, { source }]) => `  ${name.padEnd(14)} ${source}`)
    .join('\n');
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('it has to be a whole number');
  return Number(text);
}
