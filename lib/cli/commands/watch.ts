import { SFNClient } from '@aws-sdk/client-sfn';
import type { Command } from 'commander';
import { createRunStateStore, type RunState } from '#aws/run-state/run-state-store.ts';
import { type FoundRun, findRun } from '#aws/start/find-run.ts';
import { createDynamoClient } from '#storage/dynamodb/dynamodb-client.ts';
import { withAwsErrors } from '../aws/aws-errors.ts';
import { addCloudOptions, type CloudEnvironment, type CloudFlags, findCloudEnvironment } from '../aws/cloud-environment.ts';
import { readEnvironment } from '../environment.ts';
import { exitCode } from '../exit-codes.ts';
import { quoteShellArgument } from '../format.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { createProgressDisplay, type ProgressDisplay } from '../progress.ts';
import { systemClock } from '../system-clock.ts';

interface WatchFlags extends CloudFlags {
  readonly json?: boolean;
}

const POLL_INTERVAL_MS = 3_000;

/** `groundline watch RUN`: shows the progress of a run on AWS until it ends. Ctrl-C ends the display, not the run. */
export function addWatchCommand(program: Command): void {
  addCloudOptions(program.command('watch').description('show the progress of a run on AWS until it ends').argument('<run>', 'run id'))
    .option('--json', 'print the final state as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  groundline watch birds-1f0c2e9a417d056b --env dev\n\nExit codes: 0 done, 1 stopped or could not run, 2 more failures than workflow.max_failure_rate, 130 interrupted (the run continues).',
    )
    .action((run: string, flags: WatchFlags) => withAwsErrors(() => watch(run, flags)));
}

async function watch(runId: string, flags: WatchFlags): Promise<void> {
  const cloud = await findCloudEnvironment(flags, readEnvironment(), ['bucket', 'stateMachine', 'table']);
  const display = createProgressDisplay(process.stderr, () => systemClock.now());
  const interrupt = listenForInterrupt(() => {});
  try {
    const { run, state } = await pollUntilEnd(runId, cloud, display, interrupt.signal);
    display.end();
    const results = `s3://${cloud.bucket}/${run.paths.prefix}/`;
    const { error, cause } = run;
    const { done, failed, cached, calls, spent } = state;
    if (flags.json)
      console.log(
        JSON.stringify({ run: runId, status: run.status, error, cause, done, failed, cached, calls, spent_usd: spent, results }, null, 2),
      );
    else console.log(describeRun(run, results, flags));
    process.exitCode = chooseRunExitCode(run);
  } finally {
    display.end();
    interrupt.release();
  }
}

/** Polls the execution and its run state until the execution ends. */
async function pollUntilEnd(
  runId: string,
  { stateMachine, table }: CloudEnvironment,
  display: ProgressDisplay,
  signal: AbortSignal,
): Promise<{ run: FoundRun; state: RunState }> {
  const sfn = new SFNClient({});
  const dynamo = createDynamoClient();
  const item = createRunStateStore({ client: dynamo, table, runId, now: () => Date.now() });
  let shownPhase: string | undefined;
  try {
    for (;;) {
      const [run, state] = await Promise.all([findRun(sfn, stateMachine, runId), item.read()]);
      if (state.phase !== undefined && state.phase !== shownPhase) display.notice(state.phase);
      shownPhase = state.phase;
      const { total, done, failed, cached, spent } = state;
      // A batch that restarts after a crash counts its checkpointed samples again, so the sum is capped at the total.
      const most = total ?? Number.POSITIVE_INFINITY;
      display.show({ total, done: Math.min(done, most), failed, cached, costUsd: spent });
      if (run.status !== 'RUNNING') return { run, state };
      await systemClock.sleep(POLL_INTERVAL_MS, signal);
    }
  } finally {
    sfn.destroy();
    dynamo.destroy();
  }
}

function describeRun(run: FoundRun, results: string, { env }: CloudFlags): string {
  const environment = env ? ` --env ${quoteShellArgument(env)}` : '';
  if (run.status === 'SUCCEEDED') {
    const { reason } = (run.output ? JSON.parse(run.output) : {}) as { reason?: string };
    return reason ?? `done: ${results}\nnext: groundline fetch ${run.paths.runId}${environment} --out results`;
  }
  if (run.status === 'ABORTED')
    return `aborted: finished work is saved, no result files were written; to resume: groundline start --again ${run.paths.runId}${environment}`;
  return `${run.error ?? run.status}: ${run.cause ?? 'see the console'}`;
}

function chooseRunExitCode({ status, error }: FoundRun): number {
  if (status === 'SUCCEEDED') return exitCode.done;
  return error === 'TooManyFailures' ? exitCode.tooManyFailures : exitCode.couldNotRun;
}
