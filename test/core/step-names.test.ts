import { expect, test } from 'vitest';
import { Settings } from '#core/settings.ts';
import { findLastStep, listStepNames, stepFiles } from '#core/step-names.ts';

test('steps run in their order, whatever the order of the spec', () => {
  const { workflow } = Settings.parse({ workflow: { steps: ['1', '0'] } });

  expect(listStepNames(workflow.steps)).toEqual(['step_0', 'step_1']);
});

test('annotations.jsonl copies the file of the last step', () => {
  expect(stepFiles[findLastStep(['0', '1'])]).toBe('step_1_grounding/annotations.jsonl');
  expect(stepFiles[findLastStep(['0'])]).toBe('step_0_expression_extraction/annotations.jsonl');
});
