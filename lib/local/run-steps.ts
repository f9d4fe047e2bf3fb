import { join } from 'node:path';
import type { CheckpointStore, ImageStore, StepName } from '#core/ports.ts';
import type { Sample } from '#core/sample.ts';
import type { Settings } from '#core/settings.ts';
import { listStepNames, stepNames } from '#core/step-names.ts';
import type { ModelConnections } from '#models/connect.ts';
import type { StepModelFacts } from '#output/compose-run-file.ts';
import type { LineResult } from '#output/line-result.ts';
import type { CallGate } from '#pipeline/call-gate.ts';
import { createInternalErrors } from '#pipeline/internal-errors.ts';
import { composeModelFacts, composeProvenance } from '#pipeline/model-facts.ts';
import { processSample } from '#pipeline/process-sample.ts';
import type { StepWork } from '#pipeline/process-step.ts';
import type { DirectoryFiles } from '#storage/disk/directory-files.ts';
import { startForcedRun } from './forced-run.ts';
import type { RunPlan } from './run-plan.ts';

export interface StepsOptions {
  readonly settings: Settings;
  readonly runId: string;
  readonly results: DirectoryFiles;
  readonly checkpoints: CheckpointStore;
  readonly connections: ModelConnections;
  readonly plan: Pick<RunPlan, 'imageBase'>;
  readonly gate: CallGate;
}

export interface RunSteps {
  readonly facts: Partial<Record<StepName, StepModelFacts>>;
  processSample(sample: Sample, images: ImageStore, signal: AbortSignal): Promise<LineResult>;
  /** Every line has been taken. */
  finish(): void;
}

/** The steps of a run on this machine, each with its model, ready to take samples. */
export function prepareSteps({ settings, runId, results, checkpoints, connections, plan, gate }: StepsOptions): RunSteps {
  const forced = settings.workflow.force_reprocess ? startForcedRun(checkpoints, settings, join(results.folder, '.forced')) : undefined;
  const names = listStepNames(settings.workflow.steps);
  const connectionOf = (name: StepName) => connections[stepNames[name].role];
  const provenance = Object.fromEntries(names.map((name) => [name, composeProvenance(name, connectionOf(name), settings)]));

  const internalErrors = { step_0: createInternalErrors(gate), step_1: createInternalErrors(gate) };

  const workOf = (name: StepName, sample: Sample, images: ImageStore, signal: AbortSignal): StepWork => {
    const connection = connectionOf(name);
    return {
      settings,
      connection,
      checkpoints: forced && sample.repeat === 0 ? forced.checkpoints : checkpoints,
      images,
      imageBase: plan.imageBase,
      provenance: settings.output.provenance ? provenance[name] : undefined,
      signal,
      internalErrors: internalErrors[name],
      runId,
      beforeCall: () => gate.check(),
    };
  };
  return {
    facts: composeModelFacts(connections, settings),
    processSample: (sample, images, signal) =>
      processSample(sample, Object.fromEntries(names.map((name) => [name, workOf(name, sample, images, signal)]))),
    finish: () => forced?.finish(),
  };
}
