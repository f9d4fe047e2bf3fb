import { UsageError } from '#core/errors.ts';
import type { FileStore } from '#core/ports.ts';
import { InvocationTotals } from '#core/run-file.ts';
import type { SpendingTotals } from '#output/compose-run-file.ts';
import { readJsonFile } from '#results/read-json-file.ts';
import { type ReadRunFile, readRunFile } from '#results/read-run-file.ts';

/** Keeps the sum over all invocations of a results folder. No run replaces it. */
export const spendingFile = 'spending.json';

/** Reads what the invocations before this one spent; nothing where none was. Throws `UsageError` for a file that is damaged: a budget could not be kept. */
export async function readSpending(results: FileStore): Promise<SpendingTotals> {
  const stored = InvocationTotals.safeParse(await readJsonFile(results, spendingFile)).data;
  if (!stored && (await results.size(spendingFile)) !== undefined)
    throw new UsageError(
      `${results.location}/${spendingFile} cannot be read: expected {"calls", "cost_usd", "unpriced_calls"}; fix: write the sum spent so far into it, or remove it to count from run.json`,
    );
  if (stored) return { calls: stored.calls, usd: stored.cost_usd, unpricedCalls: stored.unpriced_calls };
  return readSpendingOfLastRun(await readRunFile(results));
}

export async function writeSpending(results: FileStore, { calls, usd, unpricedCalls }: SpendingTotals): Promise<void> {
  const text = JSON.stringify({ calls, cost_usd: Math.round(usd * 1e8) / 1e8, unpriced_calls: unpricedCalls }, null, 2);
  const writer = await results.create(spendingFile);
  await writer.write(`${text}\n`);
  await writer.close();
}

/** For folders of versions that wrote no `spending.json`. */
function readSpendingOfLastRun(last: ReadRunFile | undefined): SpendingTotals {
  if (!last) return { calls: 0, usd: 0, unpricedCalls: 0 };
  const calls = Math.max(
    last.calls ?? 0,
    Object.values(last.steps).reduce((sum, step) => sum + (step.in_all?.calls ?? 0), 0),
  );
  const known = last.cost_in_all_usd ?? last.cost_usd;
  return { calls, usd: Math.max(last.cost_in_all_usd ?? 0, last.cost_usd ?? 0), unpricedCalls: known === undefined ? calls : 0 };
}

/** Writes the sum over all invocations while a run spends. */
export interface SpendingLedger {
  /** Resolves when the file is there: no call starts before. */
  open(): Promise<void>;
  /** Writes the sum if it has changed. Never fails the run. */
  note(): Promise<void>;
  /** Writes the final sum. */
  close(): Promise<void>;
}

export function createSpendingLedger(results: FileStore, spending: { readonly inAll: SpendingTotals }): SpendingLedger {
  let opened: Promise<void> | undefined;
  let written = spending.inAll.calls;
  let writing: Promise<void> = Promise.resolve();
  const write = async () => {
    const totals = spending.inAll;
    await writeSpending(results, totals);
    written = totals.calls;
  };
  const writeChanged = () => (opened && spending.inAll.calls !== written ? write() : Promise.resolve());
  return {
    open() {
      opened ??= write();
      return opened;
    },
    note() {
      writing = writing.then(writeChanged).catch(() => {});
      return writing;
    },
    async close() {
      await writing;
      await writeChanged();
    },
  };
}
