import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { UsageError } from '#core/errors.ts';
import { type LoadedSpec, loadSpec, type Need } from '#spec/load-spec.ts';
import { isOverride } from '#spec/overrides.ts';
import type { CliEnvironment } from './environment.ts';
import { parseIntegerFrom } from './number-arguments.ts';

/** The options of a command that select a spec and override its settings. */
export interface SpecFlags {
  readonly experimentSpec?: string;
  readonly out?: string;
  readonly backend?: string;
  readonly limit?: number;
  readonly sample?: number;
  readonly seed?: number;
}

/** Adds the arguments and options of the commands that read a spec or a captions file. */
export function addSpecOptions(command: Command): Command {
  return command
    .argument('[captions-or-overrides...]', 'captions.jsonl, and settings as dotted.key=value')
    .option('-e, --experiment-spec <file>', 'spec file (YAML), as for TAO')
    .option('--out <folder>', 'results folder (results_dir)')
    .option('--backend <name>', 'gemini, openai or builtin (vlm.backend)')
    .option('--limit <count>', 'process only the first <count> lines (workflow.limit)', parseIntegerFrom(1))
    .option('--sample <count>', 'process a random sample of <count> lines (workflow.sample)', parseIntegerFrom(1))
    .option('--seed <number>', 'seed of the random sample (workflow.seed)', parseIntegerFrom());
}

/** Reads the spec that the arguments and flags describe. Throws `UsageError`. */
export async function readSpec(
  args: readonly string[],
  flags: SpecFlags,
  environment: CliEnvironment,
  needs: readonly Need[],
): Promise<LoadedSpec> {
  requireSource(args, flags, needs);
  const path = flags.experimentSpec;
  const file = path === undefined ? undefined : { text: await readSpecText(path), name: path };
  return loadSpec({ file, overrides: composeOverrides(args, flags), env: environment.variable, environmentKeys: environment.keys, needs });
}

/** Without a spec file, the two settings without a default are required. The messages name the arguments of the short form. */
function requireSource(args: readonly string[], flags: SpecFlags, needs: readonly Need[]): void {
  if (flags.experimentSpec !== undefined) return;
  const gives = (key: string) => args.some((argument) => isOverride(argument) && argument.split('=')[0]?.endsWith(key));
  if (needs.includes('input') && args.every(isOverride) && !gives('data.input_jsonl') && !gives('workflow.steps'))
    throw new UsageError('no input: got no captions file; fix: name one, or a spec file with -e spec.yaml');
  if (needs.includes('results') && flags.out === undefined && !gives('results_dir'))
    throw new UsageError('no results folder: got no --out; fix: add --out FOLDER, or name a spec file with -e spec.yaml');
}

/** Flags as overrides, followed by the explicit overrides, which win. Without a spec file, 16 calls are in flight instead of TAO's 4. */
export function composeOverrides(args: readonly string[], flags: SpecFlags): string[] {
  const inputs = args.filter((argument) => !isOverride(argument));
  if (inputs.length > 1)
    throw new UsageError(`too many captions files: got ${inputs.join(' and ')}, expected one; fix: write settings as dotted.key=value`);
  const [input] = inputs;
  if (input !== undefined && flags.experimentSpec === undefined && /\.ya?ml$/.test(input))
    throw new UsageError(`wrong kind of file: got ${input}, expected a captions file; fix: name a spec file with -e ${input}`);
  return [
    ...(flags.experimentSpec === undefined ? ['workflow.max_workers=16'] : []),
    ...text('data.input_jsonl', input),
    ...text('results_dir', flags.out),
    ...text('vlm.backend', flags.backend),
    ...(['limit', 'sample', 'seed'] as const).flatMap((name) => (flags[name] === undefined ? [] : [`workflow.${name}=${flags[name]}`])),
    ...args.filter(isOverride),
  ];
}

/** An override with a quoted value, so that special characters of a path stay unchanged. */
const text = (path: string, value: string | undefined) =>
  value === undefined ? [] : [`${path}=${JSON.stringify(value.replaceAll('${', '\\${'))}`];

async function readSpecText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`cannot read the spec file ${path} (${code}); fix: check the path; groundline default-specs prints a template`);
  }
}
