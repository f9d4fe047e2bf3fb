import type { StepName } from '#core/ports.ts';
import type { Part } from '../run-state/part-file.ts';
import type { StoredPlan } from '../run-state/stored-plan.ts';
import type { Cloud } from '../runtime/cloud.ts';
import type { BatchMarks } from './batch-mark.ts';
import type { CrashIsolation } from './crash-isolation.ts';
import type { ModelSession } from './model-session.ts';

/** The surroundings of one call of a batch function. */
export interface BatchContext {
  readonly cloud: Cloud;
  readonly step: StepName;
  /** Milliseconds that this call of the function has left. */
  remainingMs(): number;
  planAt(path: string): Promise<StoredPlan>;
  sessionOf(plan: StoredPlan): ModelSession;
}

/** A batch of a run, with all that its samples share. */
export interface Batch {
  readonly context: BatchContext;
  readonly plan: StoredPlan;
  readonly session: ModelSession;
  /** The results of step 0, where this is step 1 after it. */
  readonly base: Part | undefined;
  readonly marks: BatchMarks;
  readonly isolation: CrashIsolation;
}
