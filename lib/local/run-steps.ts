import { join } from 'node:path';
import type { ImageStore, StepName } from '#core/ports.ts';
import type { Sample } from '#core/sample.ts';
import { stepNames } from '#core/step-names.ts';
import type { StepModelFacts } from '#output/compose-run-file.ts';
import type { LineResult } from '#output/line-result.ts';
import { createInternalErrors } from '#pipeline/internal-errors.ts';
import { composeModelFacts, composeProvenance } from '#pipeline/model-facts.ts';
import { type PipelineStep, processSample } from '#pipeline/process-sample.ts';
import { startForcedRun } from './forced-run.ts';
import type { ActiveRun } from './run-context.ts';

/** The steps of a run on this machine, each with its model. */
export interface RunSteps {
  readonly facts: Partial<Record<StepName, StepModelFacts>>;
  processSample(sample: Sample, images: ImageStore, signal: AbortSignal): Promise<LineResult>;
  /** To be called after the last line of a run that was not stopped. */
  finish(): void;
}

export function prepareSteps({ run, output, plan, connections, gate }: ActiveRun): RunSteps {
  const { settings, runId } = run;
  const { checkpoints, results } = output;
  const forced = settings.workflow.force_reprocess ? startForcedRun(checkpoints, settings, join(results.folder, '.forced')) : undefined;
  const prepareStep = (name: StepName): PipelineStep => {
    const connection = connections[stepNames[name].role];
    return {
      connection,
      provenance: settings.output.provenance ? composeProvenance(name, connection, settings) : undefined,
      internalErrors: createInternalErrors(gate),
    };
  };
  const steps = {
    step_0: settings.workflow.steps.includes('0') ? prepareStep('step_0') : undefined,
    step_1: settings.workflow.steps.includes('1') ? prepareStep('step_1') : undefined,
  };
  const pipelineRun = { settings, imageBase: plan.imageBase, runId, beforeCall: () => gate.check() };
  return {
    facts: composeModelFacts(connections, settings),
    processSample: (sample, images, signal) =>
      processSample(sample, {
        run: pipelineRun,
        steps,
        checkpoints: forced && sample.repeat === 0 ? forced.checkpoints : checkpoints,
        images,
        signal,
      }),
    finish: () => forced?.finish(),
  };
}
