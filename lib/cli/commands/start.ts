import { SFNClient } from '@aws-sdk/client-sfn';
import { type Command, InvalidArgumentError } from 'commander';
import { executionName, specName } from '#aws/run-state/run-paths.ts';
import { composeConsoleUrl, composeExecutionArn, findRun } from '#aws/start/find-run.ts';
import { startExecution } from '#aws/start/start-run.ts';
import { UsageError } from '#core/errors.ts';
import { isOverride, parseHydraValue } from '#spec/overrides.ts';
import { parseS3 } from '#storage/s3/s3-location.ts';
import { withAwsErrors } from '../aws/aws-errors.ts';
import { readAwsSpec } from '../aws/aws-spec.ts';
import { addCloudOptions, type CloudEnvironment, type CloudFlags, findCloudEnvironment } from '../aws/cloud-environment.ts';
import { uploadAndStart } from '../aws/upload-and-start.ts';
import { type CliEnvironment, readEnvironment } from '../environment.ts';

interface StartFlags extends CloudFlags {
  readonly experimentSpec?: string;
  readonly backend?: string;
  readonly limit?: number;
  readonly dataset?: string;
  readonly dryRun?: boolean;
  readonly again?: string;
  readonly json?: boolean;
}

interface StartSummary {
  readonly run: string;
  readonly input: string;
  readonly url: string;
}

const help = `
Examples:
  groundline start captions.jsonl --env dev -e spec.yaml     upload images, spec, captions; the run starts by itself
  groundline start captions.jsonl --env dev vlm.backend=gemini workflow.max_workers=128
  groundline start s3://BUCKET/inputs/birds/captions.jsonl --env dev --limit 100
  groundline start --again birds-1f0c2e9a417d056b --env dev  go on with a run; what it has paid for is not paid again

Then:  groundline watch RUN --env dev,  groundline fetch RUN --env dev --out results
Model keys belong into the secret that the stack's output ModelKeysSecret names, never into the spec.`;

/** `groundline start`: a run on AWS, of files of this machine or of files that are there already. */
export function addStartCommand(program: Command): void {
  const command = program
    .command('start')
    .description('start a run on AWS: upload a dataset, or name one that is there')
    .argument('[captions-or-overrides...]', 'captions.jsonl here or in S3, and settings as dotted.key=value')
    .option('-e, --experiment-spec <file>', 'spec file (YAML), put beside the captions')
    .option('--backend <name>', 'gemini or openai (vlm.backend)')
    .option('--limit <count>', 'only the first lines (workflow.limit)', wholeNumber)
    .option('--dataset <name>', 'its name in the bucket, inputs/<name>/ (default: the folder of the captions)')
    .option('--again <run>', 'start a run again with the input it had')
    .option('--dry-run', 'of captions in S3: check every line and estimate the cost; nothing is paid')
    .option('--json', 'print the run as JSON');
  addCloudOptions(command)
    .addHelpText('after', help)
    .action((args: string[], flags: StartFlags) => withAwsErrors(() => startOnAws(args, flags, readEnvironment())));
}

async function startOnAws(args: readonly string[], flags: StartFlags, environment: CliEnvironment): Promise<void> {
  const [captions, ...more] = args.filter((argument) => !isOverride(argument));
  if (more.length > 0) throw new UsageError(`one captions file at a time, not ${captions} and ${more.join(' and ')}`);
  if ((captions === undefined) === (flags.again === undefined))
    throw new UsageError('name a captions file, or a run with --again: groundline start --help shows both');
  const cloud = await findCloudEnvironment(flags, environment, ['bucket', 'stateMachine']);
  const sfn = new SFNClient({});
  const started = await startOne(captions, args.filter(isOverride), flags, cloud, sfn);
  sfn.destroy();
  console.log(flags.json ? JSON.stringify(started, null, 2) : `run ${started.run} of ${started.input}\n${started.url}`);
  if (!flags.json) console.error(`groundline watch ${started.run}${flags.env ? ` --env ${flags.env}` : ''} shows how it goes`);
}

async function startOne(
  captions: string | undefined,
  overrides: readonly string[],
  flags: StartFlags,
  cloud: CloudEnvironment,
  sfn: SFNClient,
): Promise<StartSummary> {
  if (flags.again !== undefined) {
    const { uploaded: _, ...input } = (await findRun(sfn, cloud.stateMachine, flags.again)).start;
    // Where the run asks again although answers are at hand, those that it has got are not asked for once more.
    return startNow(sfn, cloud, { forced_since: flags.again, ...input });
  }
  const all = [...shorthands(flags), ...overrides];
  if (captions?.startsWith('s3://')) {
    if (flags.experimentSpec !== undefined)
      throw new UsageError(
        `of captions in S3 the spec lies beside them: copy it to ${captions.slice(0, captions.lastIndexOf('/'))}/${specName}, or give settings as dotted.key=value`,
      );
    return startNow(sfn, cloud, { input: captions, ...readStartSpec(all), ...(flags.dryRun ? { dry_run: true } : {}) });
  }
  if (flags.dryRun)
    throw new UsageError(
      'an upload starts a run, so there is no dry run of files of this machine: groundline estimate --aws reads them here',
    );
  const spec = await readAwsSpec(flags.experimentSpec, all, cloud.modelHosts);
  const { run, input } = await uploadAndStart({ captions: captions ?? '', spec, dataset: flags.dataset, cloud, sfn });
  return startedRun(cloud.stateMachine, run, input);
}

/** By hand: a name of its own, so that equal inputs are runs of their own. */
async function startNow(sfn: SFNClient, { stateMachine }: CloudEnvironment, input: { readonly input: string }): Promise<StartSummary> {
  const { bucket, key } = parseS3(input.input);
  const run = executionName({ bucket, key, captions: `${Date.now()}-${process.pid}`, spec: undefined });
  await startExecution(sfn, stateMachine, run, input);
  return startedRun(stateMachine, run, input.input);
}

function startedRun(stateMachine: string, run: string, input: string): StartSummary {
  return { run, input, url: composeConsoleUrl(composeExecutionArn(stateMachine, run)) };
}

function shorthands({ backend, limit }: StartFlags): string[] {
  return [...(backend === undefined ? [] : [`vlm.backend=${backend}`]), ...(limit === undefined ? [] : [`workflow.limit=${limit}`])];
}

/** Overrides as the start input's `spec`. */
function readStartSpec(overrides: readonly string[]): { spec?: Record<string, unknown> } {
  if (overrides.length === 0) return {};
  const entries = overrides.map((override) => {
    const at = override.indexOf('=');
    const key = override.slice(0, at).replace(/^\++/, '');
    return [key, parseHydraValue(override.slice(at + 1), key)] as const;
  });
  return { spec: Object.fromEntries(entries) };
}

function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,14}$/.test(value)) throw new InvalidArgumentError('it has to be a whole number from 1 on');
  return Number(value);
}
