import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { readEnvironment } from '#cli/environment.ts';
import { chooseExitCode, explainError } from '#cli/exit-codes.ts';

type AddCommand = (program: Command) => void;

/** The verbs. The file of a verb is loaded on first use, so that start-up stays short. */
const verbs: Readonly<Record<string, () => Promise<AddCommand>>> = {
  generate: async () => (await import('#cli/commands/generate.ts')).addGenerateCommand,
  'default-specs': async () => (await import('#cli/commands/default-specs.ts')).addDefaultSpecsCommand,
  validate: async () => (await import('#cli/commands/validate.ts')).addValidateCommand,
  estimate: async () => (await import('#cli/commands/estimate.ts')).addEstimateCommand,
  check: async () => (await import('#cli/commands/check.ts')).addCheckCommand,
  status: async () => (await import('#cli/commands/status.ts')).addStatusCommand,
  retry: async () => (await import('#cli/commands/retry.ts')).addRetryCommand,
  report: async () => (await import('#cli/commands/report.ts')).addReportCommand,
  export: async () => (await import('#cli/commands/export.ts')).addExportCommand,
  import: async () => (await import('#cli/commands/import.ts')).addImportCommand,
  evaluate: async () => (await import('#cli/commands/evaluate.ts')).addEvaluateCommand,
  start: async () => (await import('#cli/commands/start.ts')).addStartCommand,
  watch: async () => (await import('#cli/commands/watch.ts')).addWatchCommand,
  fetch: async () => (await import('#cli/commands/fetch.ts')).addFetchCommand,
};
const aliases: Readonly<Record<string, string>> = { default_specs: 'default-specs' };

await main(process.argv);

/** The command line. Sets `process.exitCode`; never throws. */
async function main(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', leaveOnClosedPipe);
  try {
    const program = new Command('groundline')
      .description('Turns (image, caption) pairs into phrases with their spans in the caption and boxes in the image.')
      .version(packageVersion())
      .showSuggestionAfterError()
      .addHelpText(
        'after',
        '\nFirst steps:\n  groundline generate captions.jsonl --out results --backend builtin\n  groundline generate --help',
      );
    for (const load of loaders(argv[2])) (await load())(program);
    if (argv.length < 3) program.outputHelp();
    else await program.parseAsync(argv);
  } catch (error) {
    const { debug, keys } = readEnvironment();
    const secrets = [keys.google, keys.openai].flatMap((key) => key?.value ?? []);
    console.error(`groundline: ${explainError(error, debug, secrets)}`);
    process.exitCode = chooseExitCode(error);
  }
}

/** The loader of the verb `word`; all loaders for help and for an unknown word. */
function loaders(word: string | undefined): (() => Promise<AddCommand>)[] {
  if (word === '--version' || word === '-V') return [];
  const load = word === undefined ? undefined : verbs[aliases[word] ?? word];
  return load ? [load] : Object.values(verbs);
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}

/** A closed pipe is no error, e.g. `groundline status results | head`. */
function leaveOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
}
