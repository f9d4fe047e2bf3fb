import type { StepName } from '#core/ports.ts';
import type { Sample } from '#core/sample.ts';
import type { RejectedLine } from '#input/read-samples.ts';
import { type Failure, failedLine, rejectedLine } from './failed-line.ts';
import type { StepLine } from './step-line.ts';

/** The result of one input line: the output of its steps, or a failure outside of them. */
export interface LineResult {
  readonly step_0?: StepLine | undefined;
  readonly step_1?: StepLine | undefined;
  readonly failure?: { readonly code: string; readonly text: string };
}

/** The text that one input line adds to each result file, without line ends. An absent field adds nothing. */
export interface OutputLines {
  readonly step_0?: string;
  readonly step_1?: string;
  readonly failed?: string;
}

/** The result of a line that could not be parsed as a sample. */
export function composeRejectedResult(line: RejectedLine, imageBase: string): LineResult {
  return { failure: { code: line.code, text: rejectedLine(line, imageBase) } };
}

/** The result of a sample that failed outside its steps (its batch was lost, its worker died). */
export function composeLostResult(sample: Sample, { code, message }: Pick<Failure, 'code' | 'message'>, imageBase: string): LineResult {
  return { failure: { code, text: failedLine(sample, { step: 'run', code, message, attempts: 0 }, imageBase) } };
}

/** The line for `failed.jsonl` with its code, if the line failed. A failed step is always the last one. */
export function findLineFailure({ step_0, step_1, failure }: LineResult): { code: string; text: string } | undefined {
  const failed = [step_0, step_1].find((step) => step?.facts.status === 'failed');
  return failed ? { code: failed.facts.code ?? 'model_error', text: failed.text } : failure;
}

/** The steps that ran on a line, in order. */
export function listLineSteps({ step_0, step_1 }: LineResult): (readonly [StepName, StepLine])[] {
  return [...(step_0 ? [['step_0', step_0] as const] : []), ...(step_1 ? [['step_1', step_1] as const] : [])];
}
