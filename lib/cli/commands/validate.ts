import type { Command } from 'commander';
import type { LoadedSpec } from '#spec/load-spec.ts';
import { readEnvironment } from '../environment.ts';
import { exitCode } from '../exit-codes.ts';
import { formatCount, formatCounted } from '../format.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { keepHeapSmall } from '../local/small-heap.ts';
import { createProgressDisplay } from '../progress.ts';
import { addSpecOptions, readSpec, type SpecFlags } from '../spec-options.ts';
import { systemClock } from '../system-clock.ts';

interface Validation {
  readonly lines: number;
  readonly good: number;
  readonly bad: number;
  readonly problems: Readonly<Record<string, number>>;
  /** The first problems, in input order. */
  readonly first: readonly { readonly line: number; readonly code: string; readonly message: string }[];
}

const SHOWN = 20;

/** `groundline validate`: checks every line and every image header without a model call. */
export function addValidateCommand(program: Command): void {
  addSpecOptions(program.command('validate').description('check every line and image of the input; makes no model calls'))
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  groundline validate captions.jsonl\n  groundline validate -e spec.yaml --json\n\nExit codes: 0 all valid, 1 could not check, 2 more bad lines than workflow.max_failure_rate.',
    )
    .action(async (args: string[], flags: SpecFlags & { json?: boolean }) => {
      const spec = await readSpec(args, flags, readEnvironment(), ['input']);
      for (const notice of spec.notices) console.error(notice);
      const found = await validate(spec);
      console.log(flags.json ? JSON.stringify(found, null, 2) : describeValidation(found));
      if (found.bad > found.lines * spec.settings.workflow.max_failure_rate) process.exitCode = exitCode.tooManyFailures;
    });
}

async function validate(spec: LoadedSpec): Promise<Validation> {
  keepHeapSmall();
  const { checkInput } = await import('../local/input-lines.ts');
  const display = createProgressDisplay(process.stderr, () => systemClock.now());
  const interrupt = listenForInterrupt((message) => display.notice(message));
  const problems: Record<string, number> = {};
  const first: Validation['first'][number][] = [];
  let [good, bad] = [0, 0];
  try {
    for await (const line of checkInput(spec, (message) => display.notice(message), interrupt.signal)) {
      if ('sample' in line) good++;
      else {
        bad++;
        problems[line.code] = (problems[line.code] ?? 0) + 1;
        if (first.length < SHOWN) first.push({ line: line.line, code: line.code, message: line.message });
      }
      display.show({ done: good, failed: bad, cached: 0 });
    }
  } finally {
    display.end();
    interrupt.release();
  }
  return { lines: good + bad, good, bad, problems, first };
}

function describeValidation({ lines, good, bad, problems, first }: Validation): string {
  if (bad === 0) return `${formatCounted(lines, 'line')}: all good`;
  return [
    `${formatCounted(lines, 'line')}: ${formatCount(good)} good, ${formatCount(bad)} bad (${Object.entries(problems)
      .map(([code, times]) => `${formatCount(times)} × ${code}`)
      .join(', ')})`,
    ...first.map(({ line, message }) => (/^line \d/.test(message) ? message : `line ${line}: ${message}`)),
    ...(bad > first.length ? [`… and ${formatCount(bad - first.length)} more`] : []),
  ].join('\n');
}
