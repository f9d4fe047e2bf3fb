import { z } from 'zod';

/** A step as code, checkpoints, `run.json` and `failed.jsonl` name it. */
export const StepName = z.enum(['step_0', 'step_1']);
export type StepName = z.infer<typeof StepName>;

/** A step as `workflow.steps` of a spec names it. */
export const SpecStep = z.enum(['0', '1']);
export type SpecStep = z.infer<typeof SpecStep>;

/** The other names of each step, in the order in which steps run. */
export const stepNames = {
  step_0: {
    spec: '0',
    /** The section of `vlm` that overrides its model, and its connection. */
    role: 'extraction',
    /** Its name in `pipeline_steps` of a record. */
    pipelineStep: 'step0_expression_extraction',
    /** Its folder below the results. */
    folder: 'step_0_expression_extraction',
  },
  step_1: { spec: '1', role: 'grounding', pipelineStep: 'step1_grounding', folder: 'step_1_grounding' },
} as const satisfies Record<StepName, { spec: SpecStep; role: string; pipelineStep: string; folder: string }>;

/** The result file of each step, below the results. */
export const stepFiles = {
  step_0: `${stepNames.step_0.folder}/annotations.jsonl`,
  step_1: `${stepNames.step_1.folder}/annotations.jsonl`,
} as const satisfies Record<StepName, string>;

/** The steps of `workflow.steps`, in its order. */
export function listStepNames(steps: readonly SpecStep[]): StepName[] {
  return steps.map((step) => (step === stepNames.step_0.spec ? 'step_0' : 'step_1'));
}

/** The step whose file `annotations.jsonl` copies. */
export function findLastStep(steps: readonly SpecStep[]): StepName {
  return steps.includes(stepNames.step_1.spec) ? 'step_1' : 'step_0';
}
