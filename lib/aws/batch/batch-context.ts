import type { StepName } from '#core/ports.ts';
import type { StepLine } from '#output/step-line.ts';
import type { ManifestLine } from '../run-state/manifest.ts';
import type { Part } from '../run-state/part-file.ts';
import type { StoredPlan } from '../run-state/stored-plan.ts';
import type { Cloud } from '../runtime/cloud.ts';
import type { BatchMarks } from './batch-mark.ts';
import type { CrashIsolation } from './crash-isolation.ts';
import type { ModelSession } from './model-session.ts';

export interface BatchContext {
  readonly cloud: Cloud;
  readonly step: StepName;
  /** Milliseconds this call still has. */
  remainingMs(): number;
  planAt(path: string): Promise<StoredPlan>;
  sessionOf(plan: StoredPlan): ModelSession;
}

export interface ProcessBatchOptions {
  /** What is still to be settled, in input order. */
  readonly items: readonly ManifestLine[];
  /** What step 0 has made of them, where this is step 1 after it. */
  readonly base: Part | undefined;
  readonly plan: StoredPlan;
  readonly session: ModelSession;
  readonly marks: BatchMarks;
  readonly isolation: CrashIsolation;
  readonly context: BatchContext;
  /** A refused key has been read again already. */
  readonly renewed: boolean;
  readonly onCompleted: (line: StepLine) => void;
}
