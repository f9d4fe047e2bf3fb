import { DescribeExecutionCommand, ExecutionDoesNotExist, InvalidArn, type SFNClient } from '@aws-sdk/client-sfn';
import { UsageError } from '#core/errors.ts';
import { type RunPaths, resolveRunPaths } from '../run-state/run-paths.ts';
import { parseStartInput, type StartInput } from './start-input.ts';

/** A run as Step Functions describes its execution. */
export interface FoundRun {
  readonly paths: RunPaths;
  readonly executionArn: string;
  readonly start: StartInput;
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED' | 'PENDING_REDRIVE';
  readonly error?: string;
  readonly cause?: string;
  /** JSON of the last state. */
  readonly output?: string;
}

/** Finds a run by its id, the name of its execution. Throws `UsageError` for an unknown id. */
export async function findRun(sfn: SFNClient, stateMachine: string, runId: string): Promise<FoundRun> {
  const executionArn = composeExecutionArn(stateMachine, runId);
  try {
    const { input = '{}', status = 'RUNNING', error, cause, output } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    const start = parseStartInput(JSON.parse(input));
    return { paths: resolveRunPaths(start.input, runId), executionArn, start, status, error, cause, output };
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist || error instanceof InvalidArn)
      throw new UsageError(
        `there is no run ${runId} in this environment: run ids are the names of its executions, and of the folders below runs/<dataset>/`,
      );
    throw error;
  }
}

/** `arn:…:stateMachine:<name>` → `arn:…:execution:<name>:<run id>`. */
export function composeExecutionArn(stateMachine: string, runId: string): string {
  return `${stateMachine.replace(':stateMachine:', ':execution:')}:${runId}`;
}

/** Address of an execution in the console. */
export function composeConsoleUrl(executionArn: string): string {
  const region = executionArn.split(':')[3] ?? '';
  return `https://${region}.console.aws.amazon.com/states/home?region=${region}#/v2/executions/details/${executionArn}`;
}
