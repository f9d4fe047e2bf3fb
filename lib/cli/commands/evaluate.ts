import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { UsageError } from '#core/errors.ts';
import { evaluateResults } from '#evaluate/evaluate-results.ts';
import { evaluationText } from '#evaluate/evaluation-text.ts';
import { parseThreshold, type Threshold, unmetThresholds } from '#evaluate/figures/thresholds.ts';
import type { Mode } from '#evaluate/matching/match-expressions.ts';
import { evaluationDocument, writeEvaluation } from '#evaluate/write-evaluation.ts';
import { reportFile } from '#report/write-report.ts';
import { openResults } from '#results/read-records.ts';
import { createDirectoryFiles, type DirectoryFiles } from '#storage/disk/directory-files.ts';
import { exitCode } from '../exit-codes.ts';
import { formatCount } from '../format.ts';
import { parseIntegerFrom } from '../number-arguments.ts';
import { writeReportOn } from './report.ts';

interface EvaluateFlags {
  readonly truth: string;
  readonly mode: Mode | 'auto';
  readonly against?: string;
  readonly min?: readonly Threshold[];
  readonly maxDrop?: readonly Threshold[];
  readonly seed: number;
  readonly json?: boolean;
  readonly report: boolean;
  readonly unfinished?: boolean;
}

const collect =
  (option: string) =>
  (text: string, before: readonly Threshold[] = []) => [...before, parseThreshold(text, option)];

/** `groundline evaluate RESULTS --truth FILE`: compares results with ground truth; prints a table or JSON and updates the report. */
export function addEvaluateCommand(program: Command): void {
  program
    .command('evaluate')
    .description('compare results with ground truth: accuracy, precision, recall, rejection, spans, each with its 95 % interval')
    .argument('<results>', 'results folder of a run, or of another tool')
    .requiredOption('--truth <file>', 'truth file, e.g. from "groundline import"')
    .addOption(
      new Option('--mode <mode>', 'grounding: phrases were given; end-to-end: they were extracted')
        .choices(['auto', 'grounding', 'end-to-end'])
        .default('auto'),
    )
    .option('--against <results>', 'another run on the same truth: differences with paired intervals')
    .option(
      '--min <figure=value>',
      'exit with 2 if the figure is below the value, e.g. acc50=0.8 (no_answer: above it); repeatable',
      collect('--min'),
    )
    .option(
      '--max-drop <figure=value>',
      'exit with 2 if the figure is lower than in --against by more than the value; repeatable',
      collect('--max-drop'),
    )
    .option('--seed <number>', 'seed of the bootstrap', parseIntegerFrom(), 0)
    .option('--json', 'print all figures as JSON')
    .option('--no-report', 'do not update report.html')
    .option('--unfinished', 'accept the results of an unfinished run')
    .addHelpText(
      'after',
      '\nExamples:\n  groundline evaluate results --truth flickr/truth.jsonl --min acc50=0.8 --min absent_acc=0.9\n  groundline evaluate results --truth flickr/truth.jsonl --against results-before --max-drop acc50=0.01\n\nExit codes: 0 done, 1 could not evaluate, 2 a figure is below a limit.',
    )
    .action(async (results: string, flags: EvaluateFlags) => {
      const unmet = await evaluate(resolve(results), flags);
      for (const one of unmet) console.error(`below the limit: ${one}`);
      if (unmet.length > 0) process.exitCode = exitCode.belowLimit;
    });
}

async function evaluate(folder: string, flags: EvaluateFlags): Promise<string[]> {
  const { min = [], maxDrop = [] } = flags;
  if (maxDrop.length > 0 && flags.against === undefined)
    throw new UsageError('missing option: got --max-drop without --against; fix: name the run to compare with, --against RESULTS');
  const files = createDirectoryFiles(folder);
  const open = (from: DirectoryFiles) => openResults(from, { unfinished: flags.unfinished ?? false });
  const against = flags.against === undefined ? undefined : await open(createDirectoryFiles(resolve(flags.against)));
  const { truth, mode, seed } = flags;
  const evaluation = await evaluateResults({
    results: await open(files),
    truth: resolve(truth),
    mode,
    seed,
    against,
  });
  const names = { truth: basename(truth), results: folder, against: flags.against };
  const document = evaluationDocument(evaluation, names);
  console.log(flags.json ? JSON.stringify(document, null, 1) : evaluationText(evaluation, names));
  if (evaluation.counts.outside > 0)
    console.error(
      `boxes of the truth outside their image: got ${formatCount(evaluation.counts.outside)}, expected 0; fix: check the order [x1, y1, x2, y2], and that pixels are of the upright image at its own size`,
    );
  await writeEvaluation(files, document);
  if (flags.report && (await files.size(reportFile)) !== undefined) console.error(`worst samples: ${await writeReportOn(folder)}`);
  return unmetThresholds(evaluation.figures, min, maxDrop);
}
