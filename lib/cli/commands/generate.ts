import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { stoppedFolder } from '#output/result-files.ts';
import type { ReadRunFile } from '#results/read-run-file.ts';
import type { LoadedSpec } from '#spec/load-spec.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { type CliEnvironment, readEnvironment } from '../environment.ts';
import { formatCount } from '../format.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { describePilot, followUpCommand, pilotSamples, project, readPilot, sameCommand } from '../local/pilot.ts';
import { planRetry } from '../local/plan-retry.ts';
import { runExitCode, summarise } from '../local/run-summary.ts';
import { createProgressDisplay } from '../progress.ts';
import { addSpecOptions, readSpec, type SpecFlags } from '../spec-options.ts';
import { systemClock } from '../system-clock.ts';

interface GenerateFlags extends SpecFlags {
  readonly dryRun?: boolean;
  readonly pilot?: boolean;
  readonly replace?: boolean;
  readonly json?: boolean;
}

const examples = `
Examples:
  groundline generate captions.jsonl --out results --backend builtin
  groundline generate -e spec.yaml results_dir=results 'workflow.steps=["0"]'
  groundline generate -e spec.yaml --pilot

Exit codes: 0 done, 1 could not run, 2 more failures than workflow.max_failure_rate, 130 interrupted (finished work is saved).`;

/** `groundline generate`: runs a spec on this machine. */
export function addGenerateCommand(program: Command): void {
  addSpecOptions(program.command('generate').description('find the phrases of captions and their boxes in the images'))
    .option('--dry-run', 'check the input and estimate the cost; makes no model calls')
    .option('--pilot', `process ${pilotSamples} samples, then estimate the full run`)
    .option('--replace', 'replace the results in place even if they hold more completed lines')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', examples)
    .action(async (args: string[], flags: GenerateFlags, command: Command) => {
      const environment = readEnvironment();
      if (flags.dryRun) return (await import('./estimate.ts')).estimate(args, flags, environment);
      const sampled = flags.pilot && flags.sample === undefined ? { ...flags, sample: pilotSamples } : flags;
      const spec = await readSpec(args, sampled, environment, ['input', 'results']);
      await generate(spec, flags, { environment, version: readVersion(command) });
    });
}

interface Program {
  readonly environment: CliEnvironment;
  readonly version: string;
}

/** The version of the package, from the top-level command. */
export const readVersion = (command: Command) => command.parent?.version() ?? 'unknown';

/** Runs a spec, prints its summary on stdout and sets the exit code. Throws the reason of an early end. */
export async function generate(
  spec: LoadedSpec,
  flags: Pick<GenerateFlags, 'pilot' | 'replace' | 'json'>,
  { environment, version }: Program,
): Promise<void> {
  const { runHere } = await import('../local/run-here.ts');
  const display = createProgressDisplay(process.stderr, () => systemClock.now());
  const interrupt = listenForInterrupt((message) => display.notice(message));
  const startedAt = systemClock.now();
  try {
    for (const notice of spec.notices) display.notice(notice);
    const replace = flags.replace ?? false;
    const { run, folder, kept, stopped } = await runHere({ spec, environment, version, display, signal: interrupt.signal, replace });
    display.end();
    process.exitCode = runExitCode(run, spec.settings.workflow.max_failure_rate);
    const seconds = (systemClock.now() - startedAt) / 1000;
    if (flags.json) console.log(JSON.stringify(facts(run, folder), null, 2));
    else if (!stopped || hasCompletedLines(run)) console.log(await composeRunSummary(run, folder, spec));
    if (kept !== undefined) display.notice(describeKept(kept, spec));
    if (stopped) throw stopped.reason;
    if (flags.pilot) await printPilot(run, folder, spec, seconds, flags.json ?? false);
  } finally {
    display.end();
    interrupt.release();
  }
}

/** A run that stopped before its first line has no summary. */
const hasCompletedLines = ({ counts: { done = 0, failed = 0 } }: ReadRunFile) => done + failed > 0;

async function composeRunSummary(run: ReadRunFile, folder: string, { resultsDir }: LoadedSpec): Promise<string> {
  const location = folder === resolve(resultsDir) ? resultsDir : join(resultsDir, stoppedFolder);
  return summarise(run, location, await planRetry(createDirectoryFiles(folder), run, location));
}

function describeKept(kept: number, { resultsDir }: LoadedSpec): string {
  return [
    `the results of this run are in ${join(resultsDir, stoppedFolder)}; the results in ${resultsDir} hold more completed lines (${formatCount(kept)}) and were not replaced`,
    `to replace them: ${sameCommand(process.argv.slice(2), '--replace')}`,
  ].join('\n');
}

function facts({ spec: _, ...run }: ReadRunFile, folder: string) {
  return { ...run, results: folder };
}

/** With `--json` the text goes to stderr, so that stdout holds JSON only. */
async function printPilot(run: ReadRunFile, folder: string, spec: LoadedSpec, seconds: number, json: boolean): Promise<void> {
  const findings = await readPilot(createDirectoryFiles(folder));
  const text = describePilot(findings, project(run, seconds, spec.settings.workflow.max_workers), followUpCommand(process.argv.slice(2)));
  (json ? console.error : console.log)(text);
}
