import type { StepName } from '#core/ports.ts';
import { failedLine } from '#output/failed-line.ts';
import { StepFacts, type StepLine } from '#output/step-line.ts';
import type { ManifestLine } from '../run-state/manifest.ts';
import { plainInput } from '../run-state/plain-input.ts';
import { readBatchSamples } from '../run-state/read-batch-samples.ts';
import type { StoredPlan } from '../run-state/stored-plan.ts';
import type { Cloud } from '../runtime/cloud.ts';
import type { BatchMarks } from './batch-mark.ts';

/** Whether something in a batch kills functions, and what. */
export interface CrashIsolation {
  /** Lines that killed a call while it worked on them alone. */
  readonly crashedLines: readonly number[];
  /** One of them is found by this very call. */
  readonly isNewCrash: boolean;
  /** One sample at a time, so that the next one to kill a call is known. */
  readonly isolated: boolean;
}

/** Reads the mark that a killed call has left, and leaves this call's own. A retry after a throttle finds no mark and works as ever. */
export async function detectCrashingSample(marks: BatchMarks, attempt: number): Promise<CrashIsolation> {
  const { broken, at, crashedLines } = await marks.read();
  const killer = broken && attempt > 0 && at !== undefined && !crashedLines.includes(at) ? [at] : [];
  const all = [...crashedLines, ...killer];
  await marks.write({ crashedLines: all });
  return { crashedLines: all, isNewCrash: killer.length > 0, isolated: all.length > 0 || (broken && attempt > 0) };
}

/** What becomes of a sample that killed the function working on it. */
export async function composeCrashedLine(
  item: ManifestLine,
  { cloud, plan, step }: { readonly cloud: Cloud; readonly plan: StoredPlan; readonly step: StepName },
): Promise<StepLine> {
  const facts = StepFacts.parse({ n: item.n, id: item.id, status: 'failed', code: 'worker_died', cached: false });
  const message =
    'the function died while it worked on this sample alone, most likely for want of memory: is the image very large? memoryMb of the environment can be raised';
  for await (const { sample } of readBatchSamples(plainInput(cloud, plan), [item], plan.input.kind))
    return { facts, text: failedLine(sample, { step, code: 'worker_died', message, attempts: 0 }, plan.imageBase) };
  throw new TypeError(`line ${item.n} is gone from the input`);
}
