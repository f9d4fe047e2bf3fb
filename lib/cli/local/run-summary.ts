import type { SpendingTotals } from '#output/compose-run-file.ts';
import type { ReadRunFile } from '#results/read-run-file.ts';
import { exitCode } from '../exit-codes.ts';
import { formatCount, formatCounted, formatDollars, quoteShellArgument } from '../format.ts';
import type { RetryPlan } from './plan-retry.ts';

/** The summary of a run: counts, failures by code, cost, files, and the command that retries the failures. */
export function summarise(run: ReadRunFile, location: string, { beyond }: Pick<RetryPlan, 'beyond'> = {}, totals = totalsOf(run)): string {
  const { done = 0, partial = 0, failed = 0, pending = 0, cached = 0 } = run.counts;
  const lines = [
    [
      `${formatCounted(done, 'sample')} done`,
      partial > 0 && `${formatCount(partial)} of them partial`,
      cached > 0 && `${formatCount(cached)} without a call`,
      failed > 0 && `${formatCount(failed)} failed`,
    ]
      .filter(Boolean)
      .join(', '),
  ];
  if (run.status === 'running') lines.push('not finished: the run is in progress, or it was killed; run the same command to resume');
  const from = run.first_pending_line ? `, starting at line ${formatCount(run.first_pending_line)}` : '';
  if (pending > 0)
    lines.push(
      run.status === 'finished'
        ? `${formatCounted(pending, 'line')} not chosen by this run`
        : `${formatCounted(pending, 'line')} pending${from}`,
    );
  const failures = Object.entries(run.failures).sort(([, a], [, b]) => b - a);
  if (failures.length > 0) lines.push(`failed: ${failures.map(([code, times]) => `${formatCount(times)} × ${code}`).join(', ')}`);
  const { calls = 0 } = run;
  lines.push(`${formatCounted(calls, 'call')}, cost ${calls === 0 ? '$0' : formatDollars(run.cost_usd)}`);
  if (totals && totals.calls > calls) lines.push(`all invocations: ${describeSpending(totals)}`);
  lines.push(`results: ${location}`);
  if (failed > 0)
    lines.push(...(beyond ? describeRetries(beyond, failed, location) : [`${retryHint(location)}; each failure: failed.jsonl`]));
  return lines.join('\n');
}

function totalsOf({ all_invocations: all }: ReadRunFile): SpendingTotals | undefined {
  return all && { calls: all.calls ?? 0, usd: all.cost_usd ?? 0, unpricedCalls: all.unpriced_calls ?? 0 };
}

function describeSpending({ calls, usd, unpricedCalls }: SpendingTotals): string {
  if (unpricedCalls >= calls) return `${formatCounted(calls, 'call')}, cost unknown`;
  const unpriced = unpricedCalls > 0 ? `, and ${formatCounted(unpricedCalls, 'call')} of unknown cost` : '';
  return `${formatCounted(calls, 'call')}, cost ${formatDollars(usd)}${unpriced}`;
}

const retryHint = (location: string) => `to retry: groundline retry ${quoteShellArgument(location)}`;

function describeRetries({ failures, command }: NonNullable<RetryPlan['beyond']>, failed: number, location: string): string[] {
  const all = failures >= failed;
  const which = `${all ? 'all' : formatCount(failures)} failed before step 1, and this run has step 1 alone; to retry them in a new results folder:`;
  return [
    ...(all ? [] : [`${formatCount(failed - failures)} failed in step 1; ${retryHint(location)}`]),
    which,
    `  ${command}`,
    'each failure: failed.jsonl',
  ];
}

/** The exit code of a run. The failure rate is a share of the processed lines, so that a limited run is judged fairly. */
export function runExitCode({ counts }: ReadRunFile, maxFailureRate: number): number {
  const { done = 0, failed = 0 } = counts;
  return failed > 0 && failed / (done + failed) > maxFailureRate ? exitCode.tooManyFailures : exitCode.done;
}
