import { join } from 'node:path';
import type { CheckpointStore, ImageStore, StepName } from '#core/ports.ts';
import type { Sample } from '#core/sample.ts';
import type { Settings } from '#core/settings.ts';
import type { ModelConnection, ModelConnections } from '#models/connect.ts';
import { serviceTierOf } from '#models/step-model.ts';
import { promptId } from '#steps/prompt-id.ts';
import type { DirectoryFiles } from '#storage/directory-files.ts';
import { askAgain } from './ask-again.ts';
import type { CallGate } from './call-gate.ts';
import type { StepProvenance } from './compose-record.ts';
import type { StepModelFacts } from './compose-run-file.ts';
import { createInternalErrors } from './internal-errors.ts';
import type { RunPlan } from './run-plan.ts';
import { settleSample } from './settle-sample.ts';
import type { StepWork } from './settle-step.ts';
import type { SettledLine } from './settled-line.ts';

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
  settle(sample: Sample, images: ImageStore, signal: AbortSignal): Promise<SettledLine>;
  /** Every line has been taken. */
  finish(): void;
}

/** The steps of a run on this machine, each with its model, ready to take samples. */
export function prepareSteps({ settings, runId, results, checkpoints, connections, plan, gate }: StepsOptions): RunSteps {
  const forced = settings.workflow.force_reprocess ? askAgain(checkpoints, settings, join(results.folder, '.forced')) : undefined;
  const names = settings.workflow.steps.map((step) => (step === '0' ? ('step_0' as const) : ('step_1' as const)));
  const connectionOf = (name: StepName) => (name === 'step_0' ? connections.extraction : connections.grounding);
  const provenance = Object.fromEntries(names.map((name) => [name, provenanceOf(name, connectionOf(name), settings)]));

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
    facts: modelFacts(connections, settings),
    settle: (sample, images, signal) =>
      settleSample(sample, Object.fromEntries(names.map((name) => [name, workOf(name, sample, images, signal)]))),
    finish: () => forced?.finish(),
  };
}

/** The model and prompt of a step, as its records name them. */
export function provenanceOf(name: StepName, { model, profile, scoreSource }: ModelConnection, settings: Settings): StepProvenance {
  const common = { model: model.model, prompt: promptId(name, profile, settings) };
  return name === 'step_0' ? common : { ...common, profile: profile.family, score: scoreSource };
}

/** The same with where it is asked and what its prices depend on, of every step that runs. */
export function modelFacts({ extraction, grounding }: ModelConnections, settings: Settings): Partial<Record<StepName, StepModelFacts>> {
  const factsOf = (name: StepName, connection: ModelConnection): StepModelFacts => {
    const serviceTier = serviceTierOf(settings.vlm, name === 'step_0' ? 'extraction' : 'grounding');
    return {
      ...provenanceOf(name, connection, settings),
      backend: connection.model.backend,
      endpoint: connection.endpoint,
      ...(serviceTier !== undefined && { serviceTier }),
    };
  };
  const { steps } = settings.workflow;
  return {
    ...(steps.includes('0') && { step_0: factsOf('step_0', extraction) }),
    ...(steps.includes('1') && { step_1: factsOf('step_1', grounding) }),
  };
}
