import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import type { Command } from 'commander';
import { UsageError } from '#core/errors.ts';
import type { CliEnvironment } from '../environment.ts';

/** Where an environment on AWS is. */
export interface CloudEnvironment {
  readonly bucket: string;
  readonly stateMachine: string;
  readonly table: string;
  /** Where its runs may send calls; `undefined` where the stack was not read, or does not say. */
  readonly modelHosts?: readonly string[];
}

export interface CloudFlags {
  readonly env?: string;
  readonly bucket?: string;
  readonly stateMachine?: string;
  readonly table?: string;
}

/** The options by which commands find an environment. */
export function addCloudOptions(command: Command): Command {
  return command
    .option('--env <name>', 'environment as it was deployed: the stack Groundline-<name> (or GROUNDLINE_ENV)')
    .option('--bucket <name>', 'its bucket, where stacks may not be read (or GROUNDLINE_BUCKET)')
    .option('--state-machine <arn>', 'its state machine (or GROUNDLINE_STATE_MACHINE)')
    .option('--table <name>', 'its table (or GROUNDLINE_TABLE)');
}

const outputs = { bucket: 'BucketName', stateMachine: 'StateMachineArn', table: 'TableName' } as const;
type StackPart = keyof typeof outputs;

/** Flags and variables first; what they leave open comes from the outputs of the stack. Throws `UsageError` with what is missing. */
export async function findCloudEnvironment(
  flags: CloudFlags,
  { variable }: Pick<CliEnvironment, 'variable'>,
  needs: readonly StackPart[],
): Promise<CloudEnvironment> {
  const given = {
    bucket: flags.bucket ?? variable('GROUNDLINE_BUCKET'),
    stateMachine: flags.stateMachine ?? variable('GROUNDLINE_STATE_MACHINE'),
    table: flags.table ?? variable('GROUNDLINE_TABLE'),
  };
  const open = needs.filter((part) => !given[part]);
  const name = flags.env ?? variable('GROUNDLINE_ENV');
  if (open.length > 0 && !name)
    throw new UsageError('which environment? name it with --env, as for cdk deploy -c env=<name>; or set GROUNDLINE_ENV');
  const found = open.length > 0 ? await readOutputs(`Groundline-${name}`) : {};
  const part = (each: StackPart) => given[each] || found[outputs[each]] || '';
  const missing = open.filter((each) => part(each) === '');
  if (missing.length > 0)
    throw new UsageError(
      `the stack Groundline-${name} has no output ${missing.map((each) => outputs[each]).join(', ')}: deploy it again with this version`,
    );
  const modelHosts = found.ModelHosts?.split(',');
  return { bucket: part('bucket'), stateMachine: part('stateMachine'), table: part('table'), ...(modelHosts && { modelHosts }) };
}

async function readOutputs(StackName: string): Promise<Record<string, string>> {
  const client = new CloudFormationClient({});
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
    return Object.fromEntries((Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  } catch (error) {
    if (error instanceof Error && /does not exist/.test(error.message))
      throw new UsageError(
        `there is no stack ${StackName} in this account and region (${await client.config.region()}): deploy it with npx cdk deploy -c env=${StackName.slice(11)}, or check AWS_PROFILE and AWS_REGION`,
        { cause: error },
      );
    throw error;
  } finally {
    client.destroy();
  }
}
