import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import type { Command } from 'commander';
import { UsageError } from '#core/errors.ts';
import type { CliEnvironment } from '../environment.ts';

/** The resources of an environment on AWS. */
export interface CloudEnvironment {
  readonly bucket: string;
  readonly stateMachine: string;
  readonly table: string;
  /** Hosts that its runs may call; `undefined` if the stack was not read or has no such output. */
  readonly modelHosts?: readonly string[];
}

export interface CloudFlags {
  readonly env?: string;
  readonly bucket?: string;
  readonly stateMachine?: string;
  readonly table?: string;
}

/** Adds the options that select an environment. */
export function addCloudOptions(command: Command): Command {
  return command
    .option('--env <name>', 'name of the deployed environment: the stack Groundline-<name> (or GROUNDLINE_ENV)')
    .option('--bucket <name>', 'bucket name, needed without cloudformation:DescribeStacks (or GROUNDLINE_BUCKET)')
    .option('--state-machine <arn>', 'ARN of the state machine, needed likewise (or GROUNDLINE_STATE_MACHINE)')
    .option('--table <name>', 'table name, needed likewise (or GROUNDLINE_TABLE)');
}

const outputs = { bucket: 'BucketName', stateMachine: 'StateMachineArn', table: 'TableName' } as const;
type StackPart = keyof typeof outputs;

/** Finds the resources in flags and variables first, then in the outputs of the stack. Throws `UsageError` with the missing parts. */
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
    throw new UsageError(
      'no environment: got neither --env nor GROUNDLINE_ENV; fix: add --env <name>, the name in cdk deploy -c env=<name>',
    );
  const found = open.length > 0 ? await readOutputs(`Groundline-${name}`) : {};
  const part = (each: StackPart) => given[each] || found[outputs[each]] || '';
  const missing = open.filter((each) => part(each) === '');
  if (missing.length > 0)
    throw new UsageError(
      `the stack Groundline-${name} has no output ${missing.map((each) => outputs[each]).join(', ')}; fix: deploy it again with this version`,
    );
  const modelHosts = found.ModelHosts?.split(',');
  return { bucket: part('bucket'), stateMachine: part('stateMachine'), table: part('table'), modelHosts };
}

async function readOutputs(StackName: string): Promise<Record<string, string>> {
  const client = new CloudFormationClient({});
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
    return Object.fromEntries((Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  } catch (error) {
    if (error instanceof Error && /does not exist/.test(error.message))
      throw new UsageError(
        `no stack ${StackName} in this account and region (${await client.config.region()}); fix: deploy it with npx cdk deploy -c env=${StackName.slice(11)}, or check AWS_PROFILE and AWS_REGION`,
        { cause: error },
      );
    throw error;
  } finally {
    client.destroy();
  }
}
