import type { Clock, ImageStore } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import type { ModelConnections } from '#models/connect.ts';
import type { AttemptMiddleware } from '#models/language-model.ts';
import type { Budget } from '#pipeline/budget.ts';
import type { CallGate } from '#pipeline/call-gate.ts';
import type { DirectoryFiles } from '#storage/disk/directory-files.ts';
import type { RunCheckpoints } from './run-checkpoints.ts';
import type { RunPlan } from './run-plan.ts';
import type { SpendingLedger } from './spending-file.ts';

/** The run itself: its spec, its identity, its time and its end. */
export interface RunContext {
  readonly settings: Settings;
  /** Version of this program, for `run.json`. */
  readonly version: string;
  readonly runId: string;
  /** For intervals. */
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  /** Aborted to stop early. Finished work is saved. */
  readonly signal: AbortSignal;
}

/** Access to the models and to the images that they get. */
export interface ModelContext {
  /** Opens the images of a captions file in `inputFolder`. */
  readonly images: (inputFolder: string) => ImageStore;
  /** Opens the models. Every attempt of every call has to pass through `attemptMiddleware`. */
  readonly connect: (attemptMiddleware: AttemptMiddleware, signal: AbortSignal) => Promise<ModelConnections>;
}

/** The destinations of a run: its results folder and its user. */
export interface OutputContext {
  readonly results: DirectoryFiles;
  readonly checkpoints: RunCheckpoints;
  /** Put the results in place even if those in place hold more completed lines. */
  readonly replace: boolean;
  /** Shows one line to the user. */
  readonly notice: (message: string) => void;
  /** The notices so far, for `run.json`. */
  readonly notices: readonly string[];
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
}

/** Progress of a run, in lines. */
export interface RunProgress {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly cached: number;
  /** `undefined` where a price or the tokens of a reply are unknown. */
  readonly costUsd?: number | undefined;
}

/** A run whose input is planned and whose models are connected. */
export interface ActiveRun {
  readonly run: RunContext;
  readonly output: OutputContext;
  readonly plan: RunPlan;
  readonly gate: CallGate;
  readonly connections: ModelConnections;
  readonly budget: Budget;
  readonly ledger: SpendingLedger;
}
