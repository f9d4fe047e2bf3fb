import { SFNClient } from '@aws-sdk/client-sfn';
import type { Command } from 'commander';
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
import { quoteShellArgument } from '../format.ts';
import { parseIntegerFrom } from '../number-arguments.ts';

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
  groundline start captions.jsonl --env dev -e spec.yaml     upload images, spec and captions; the upload starts the run
  groundline start captions.jsonl --env dev vlm.backend=gemini workflow.max_workers=128
  groundline start s3://BUCKET/inputs/birds/captions.jsonl --env dev --limit 100
  groundline start --again birds-1f0c2e9a417d056b --env dev  resume a run; no model call is billed twice

Then:  groundline watch RUN --env dev,  groundline fetch RUN --env dev --out results
Model keys belong in the secret in the stack's output ModelKeysSecret, never in the spec.`;

/** `groundline start`: starts a run on AWS with local files or with files in S3. */
export function addStartCommand(program: Command): void {
  const command = program
    .command('start')
    .description('start a run on AWS: upload a dataset, or name one in S3')
    .argument('[captions-or-overrides...]', 'captions.jsonl, local or in S3, and settings as dotted.key=value')
    .option('-e, --experiment-spec <file>', 'spec file (YAML), uploaded to the folder of the captions')
    .option('--backend <name>', 'gemini or openai (vlm.backend)')
    .option('--limit <count>', 'process only the first <count> lines (workflow.limit)', parseIntegerFrom(1))
    .option('--dataset <name>', 'dataset name in the bucket, inputs/<name>/ (default: the folder of the captions)')
    .option('--again <run>', 'start a run again with its own input')
    .option('--dry-run', 'for captions in S3: check every line and estimate the cost; makes no model calls')
    .option('--json', 'print the run as JSON');
  addCloudOptions(command)
    .addHelpText('after', help)
    .action((args: string[], flags: StartFlags) => withAwsErrors(() => startOnAws(args, flags, readEnvironment())));
}

async function startOnAws(args: readonly string[], flags: StartFlags, environment: CliEnvironment): Promise<void> {
  const [captions, ...more] = args.filter((argument) => !isOverride(argument));
  if (more.length > 0) throw new UsageError(`too many captions files: got ${captions} and ${more.join(' and ')}, expected one`);
  if ((captions === undefined) === (flags.again === undefined))
    throw new UsageError('no input: expected either a captions file or --again RUN; fix: see groundline start --help');
  const cloud = await findCloudEnvironment(flags, environment, ['bucket', 'stateMachine']);
  const sfn = new SFNClient({});
  const started = await startOne(captions, args.filter(isOverride), flags, cloud, sfn);
  sfn.destroy();
  console.log(flags.json ? JSON.stringify(started, null, 2) : `run ${started.run} of ${started.input}\n${started.url}`);
  if (!flags.json) console.error(`next: groundline watch ${started.run}${flags.env ? ` --env ${quoteShellArgument(flags.env)}` : ''}`);
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
    // A forced run that is started again reuses the answers it has already received.
    return startNow(sfn, cloud, { forced_since: flags.again, ...input });
  }
  const all = [...shorthands(flags), ...overrides];
  if (captions?.startsWith('s3://')) {
    if (flags.experimentSpec !== undefined)
      throw new UsageError(
        `unsupported option: got -e with captions in S3; fix: copy the spec to ${captions.slice(0, captions.lastIndexOf('/'))}/${specName}, or write settings as dotted.key=value`,
      );
    return startNow(sfn, cloud, { input: captions, ...readStartSpec(all), ...(flags.dryRun && { dry_run: true }) });
  }
  if (flags.dryRun)
    throw new UsageError(
      'unsupported option: got --dry-run with local captions, whose upload starts a run; fix: groundline estimate --aws reads them locally',
    );
  const spec = await readAwsSpec(flags.experimentSpec, all, cloud.modelHosts);
  const { run, input } = await uploadAndStart({ captions: captions ?? '', spec, dataset: flags.dataset, cloud, sfn });
  return startedRun(cloud.stateMachine, run, input);
}

/** Starts an execution with a unique name, so that equal inputs give separate runs. */
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

/** The overrides as `spec` of the start input. */
function readStartSpec(overrides: readonly string[]): { spec?: Record<string, unknown> } {
  if (overrides.length === 0) return {};
  const entries = overrides.map((override) => {
    const at = override.indexOf('=');
    const key = override.slice(0, at).replace(/^\++/, '');
    return [key, parseHydraValue(override.slice(at + 1), key)] as const;
  });
  return { spec: Object.fromEntries(entries) };
}
