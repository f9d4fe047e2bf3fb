import { type Command, Option } from 'commander';
import { RunStopError, UsageError } from '#core/errors.ts';
import { readCategoriesFile } from '#export/categories.ts';
import type { ExportFormat, Frame } from '#export/export-format.ts';
import { exportFormats } from '#export/export-formats.ts';
import { type ExportDone, type ExportRequest, exportToPath } from '#export/export-to-path.ts';
import { saveCategories } from '#export/save-categories.ts';
import { parseSplits } from '#export/split.ts';
import { composeSummary } from '#export/summary-text.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { parseIntegerFrom, parseShare } from '../number-arguments.ts';

interface ExportFlags {
  readonly to: string;
  readonly out: string;
  readonly minScore?: number;
  readonly dropUnscored?: boolean;
  readonly dropEmpty?: boolean;
  readonly dropPartial?: boolean;
  readonly split?: string;
  readonly seed: number;
  readonly copyImages?: boolean;
  readonly linkImages?: boolean;
  readonly imagesRoot?: string;
  readonly frame?: Frame;
  readonly categories?: string;
  readonly saveCategories?: string;
  readonly firstCategoryId: string;
  readonly unfinished?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

const names = exportFormats.map(({ name }) => name);
const width = Math.max(...names.map((name) => name.length));

/** `groundline export RESULTS --to FORMAT --out PATH`: writes results in the format of a trainer or a labelling tool. */
export function addExportCommand(program: Command): void {
  program
    .command('export')
    .description('write results as training data: ODVG, COCO, YOLO and others')
    .argument('<results>', 'results folder of a run or of TAO, or its annotations.jsonl')
    .addOption(new Option('--to <format>', 'output format, see below').choices(names).makeOptionMandatory())
    .requiredOption('--out <path>', 'output folder; for single-file formats also a file name with its extension')
    .option('--min-score <score>', 'leave out boxes with a lower score; boxes without a score are kept', parseShare)
    .option('--drop-unscored', 'leave out boxes without a score')
    .option('--drop-empty', 'leave out samples without a box')
    .option('--drop-partial', 'leave out samples with unanswered phrases')
    .option('--split <name=share,…>', 'split by image, e.g. train=0.9,val=0.1')
    .option('--seed <number>', 'seed of the split', parseIntegerFrom(), 0)
    .addOption(new Option('--copy-images', 'copy the images into the export, turned upright').conflicts('linkImages'))
    .option('--link-images', 'link to the images from the export')
    .option('--images-root <folder>', 'folder of relative image paths (default: the one in run.json)')
    .addOption(
      new Option(
        '--frame <frame>',
        "pixels of boxes: upright, or as the file is stored (default: what the format's usual loader reads)",
      ).choices(['upright', 'stored']),
    )
    .option('--categories <file>', 'category names, or names with lists of nouns (JSON or YAML)')
    .option('--save-categories <file>', 'write the categories to a file that --categories reads after editing')
    .addOption(
      new Option('--first-category-id <id>', "COCO: id of the first category; TAO's validation sets need 0")
        .choices(['0', '1'])
        .default('1'),
    )
    .option('--unfinished', 'accept the results of an unfinished run')
    .option('--force', 'replace an earlier export')
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', help())
    .action(async (results: string, flags: ExportFlags) => await runExport(results, flags));
}

function help(): string {
  const formats = exportFormats.map(({ name, summary, frame }) => `  ${name.padEnd(width)}  ${summary}; ${frame} pixels`);
  return [
    '\nFormats:',
    ...formats,
    '\nExamples:',
    '  groundline export results --to odvg --out train.jsonl',
    '  groundline export results --to yolo --out dataset --split train=0.9,val=0.1 --copy-images --min-score 0.5',
  ].join('\n');
}

async function runExport(results: string, flags: ExportFlags): Promise<void> {
  const format = exportFormats.find(({ name }) => name === flags.to);
  if (format === undefined) throw new UsageError(`unknown format: got ${flags.to}, expected one of ${names.join(', ')}`);
  const interrupt = listenForInterrupt(() => console.error('Stopping… nothing is exported.'));
  try {
    const request = await composeRequest(format, results, flags, interrupt.signal);
    const done = await exportToPath(request);
    if (flags.saveCategories !== undefined) await saveCategories(flags.saveCategories, done.summary.categories ?? []);
    console.error(composeSummary(done.summary, { format, ...done, copied: request.images === 'copy' }));
    console.log(flags.json ? JSON.stringify(jsonSummary(flags, done), null, 2) : flags.out);
  } catch (error) {
    if (interrupt.signal.aborted) throw new RunStopError('interrupted', 'interrupted: nothing was exported', { cause: error });
    throw error;
  } finally {
    interrupt.release();
  }
}

async function composeRequest(format: ExportFormat, results: string, flags: ExportFlags, signal: AbortSignal): Promise<ExportRequest> {
  const { split, imagesRoot, categories, frame, minScore } = flags;
  for (const [flag, value] of [
    ['--categories', categories],
    ['--save-categories', flags.saveCategories],
  ])
    if (value !== undefined && !format.hasCategories)
      throw new UsageError(`unsupported option: got ${flag} for ${format.name}, which has phrases and no categories; fix: leave it out`);
  return {
    format,
    results,
    out: flags.out,
    seed: flags.seed,
    dropUnscored: flags.dropUnscored === true,
    dropEmpty: flags.dropEmpty === true,
    dropPartial: flags.dropPartial === true,
    firstCategoryId: Number(flags.firstCategoryId),
    unfinished: flags.unfinished === true,
    force: flags.force === true,
    signal,
    splits: split === undefined ? undefined : parseSplits(split),
    frame,
    minScore,
    imagesRoot,
    images: flags.copyImages ? 'copy' : flags.linkImages ? 'link' : undefined,
    categories: categories === undefined ? undefined : await readCategoriesFile(categories),
  };
}

function jsonSummary({ to, out }: ExportFlags, { summary, frame }: ExportDone) {
  const { samples, boxes, categories, counted } = summary;
  const counts = (kind: string) =>
    Object.fromEntries(counted.filter((one) => one.kind === kind).map(({ reason, count }) => [reason, count]));
  return {
    format: to,
    out,
    frame,
    samples,
    boxes,
    categories,
    left_out: counts('left out'),
    notes: counts('note'),
  };
}
