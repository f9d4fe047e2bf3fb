import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { UsageError } from '#core/errors.ts';
import { type LoadedSpec, loadSpec, type Need } from '#spec/load-spec.ts';
import { isOverride } from '#spec/overrides.ts';
import type { CliEnvironment } from './environment.ts';

/** What a user gives a command to say what is to be run. */
export interface SpecFlags {
  readonly experimentSpec?: string;
  readonly out?: string;
  readonly backend?: string;
  readonly limit?: number;
  readonly sample?: number;
  readonly seed?: number;
}

/** The arguments and options shared by commands that read a spec, or a captions file in its place. */
export function addSpecOptions(command: Command): Command {
  return command
    .argument('[captions-or-overrides...]', 'captions.jsonl, and settings as dotted.key=value')
    .option('-e, --experiment-spec <file>', 'spec file (YAML), as for TAO')
    .option('--out <folder>', 'results folder (results_dir)')
    .option('--backend <name>', 'gemini, openai or builtin (vlm.backend)')
    .option('--limit <count>', 'only the first lines (workflow.limit)', wholeNumber)
    .option('--sample <count>', 'only so many lines, drawn at random (workflow.sample)', wholeNumber)
    .option('--seed <number>', 'which random lines (workflow.seed)', anyWholeNumber);
}

/** Reads the spec that arguments and flags name. Throws `UsageError`. */
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

/** Without a spec file the two things that have no default are asked for in the words of the short form. */
function requireSource(args: readonly string[], flags: SpecFlags, needs: readonly Need[]): void {
  if (flags.experimentSpec !== undefined) return;
  const gives = (key: string) => args.some((argument) => isOverride(argument) && argument.split('=')[0]?.endsWith(key));
  if (needs.includes('input') && args.every(isOverride) && !gives('data.input_jsonl') && !gives('workflow.steps'))
    throw new UsageError('nothing to read: name a captions file, or a spec file with -e spec.yaml');
  if (needs.includes('results') && flags.out === undefined && !gives('results_dir'))
    throw new UsageError('no place for the results: add --out FOLDER, or name a spec file with -e spec.yaml');
}

/** Flags are short for overrides; overrides in full go before them. Without a spec file more calls are in flight than TAO's four. */
export function composeOverrides(args: readonly string[], flags: SpecFlags): string[] {
  const inputs = args.filter((argument) => !isOverride(argument));
  if (inputs.length > 1)
    throw new UsageError(`one captions file at a time, not ${inputs.join(' and ')}; settings are written dotted.key=value`);
  const [input] = inputs;
  if (input !== undefined && flags.experimentSpec === undefined && /\.ya?ml$/.test(input))
    throw new UsageError(`${input} looks like a spec file: name it with -e ${input}`);
  return [
    ...(flags.experimentSpec === undefined ? ['workflow.max_workers=16'] : []),
    ...text('data.input_jsonl', input),
    ...text('results_dir', flags.out),
    ...text('vlm.backend', flags.backend),
    ...(['limit', 'sample', 'seed'] as const).flatMap((name) => (flags[name] === undefined ? [] : [`workflow.${name}=${flags[name]}`])),
    ...args.filter(isOverride),
  ];
}

/** Quoted, so that a path is taken as it is whatever signs are in it. */
const text = (path: string, value: string | undefined) =>
  value === undefined ? [] : [`${path}=${JSON.stringify(value.replaceAll('${', '\\${'))}`];

async function readSpecText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `cannot read the spec file ${path} (${code}): check the path; groundline default-specs prints a spec to start from`,
    );
  }
}

function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,14}$/.test(value)) throw new InvalidArgumentError('it has to be a whole number from 1 on');
  return Number(value);
}

function anyWholeNumber(value: string): number {
  if (!/^-?\d{1,15}$/.test(value)) throw new InvalidArgumentError('it has to be a whole number');
  return Number(value);
}
