import type { StepName } from '#core/ports.ts';
import { failedLine } from '#output/failed-line.ts';
import { StepFacts, type StepLine } from '#output/step-line.ts';
import type { ManifestLine } from '../run-state/manifest.ts';
import { plainInput } from '../run-state/plain-input.ts';
import { readBatchSamples } from '../run-state/read-batch-samples.ts';
import type { StoredPlan } from '../run-state/stored-plan.ts';
import type { Cloud } from '../runtime/cloud.ts';
import type { BatchMarks } from './batch-mark.ts';

/** The lines of a batch that crash the function, and the mode to find them. */
export interface CrashIsolation {
  /** Lines that crashed a call of the function while it processed them alone. */
  readonly crashedLines: readonly number[];
  /** This call found one of them. */
  readonly isNewCrash: boolean;
  /** One sample at a time, to identify the next one that crashes a call. */
  readonly isolated: boolean;
}

/** Reads the mark of a crashed call, and writes the mark of this call. A retry after a throttle finds no mark and changes nothing. */
export async function detectCrashingSample(marks: BatchMarks, attempt: number): Promise<CrashIsolation> {
  const { broken, at, crashedLines } = await marks.read();
  const newlyCrashed = broken && attempt > 0 && at !== undefined && !crashedLines.includes(at) ? [at] : [];
  const all = [...crashedLines, ...newlyCrashed];
  await marks.write({ crashedLines: all });
  return { crashedLines: all, isNewCrash: newlyCrashed.length > 0, isolated: all.length > 0 || (broken && attempt > 0) };
}

/** The failed line of a sample that crashed the function. */
export async function composeCrashedLine(
  item: ManifestLine,
  { cloud, plan, step }: { readonly cloud: Cloud; readonly plan: StoredPlan; readonly step: StepName },
): Promise<StepLine> {
  const facts = StepFacts.parse({ n: item.n, id: item.id, status: 'failed', code: 'worker_died', cached: false });
  const message =
    'the function crashed while it processed this sample alone, probably out of memory; fix: use a smaller image, or raise memoryMb of the environment';
  for await (const { sample } of readBatchSamples(plainInput(cloud, plan), [item], plan.input.kind))
    return { facts, text: failedLine(sample, { step, code: 'worker_died', message, attempts: 0 }, plan.imageBase) };
  throw new TypeError(`line ${item.n} is not in the input any more`);
}
