import type { StepName } from '#core/ports.ts';
import type { Sample } from '#core/sample.ts';
import type { RejectedLine } from '#input/read-samples.ts';
import { type Failure, failedLine, rejectedLine } from './failed-line.ts';
import type { StepLine } from './step-line.ts';

/** What became of one input line: what its steps wrote, or why it failed outside of them. */
export interface LineResult {
  readonly step_0?: StepLine | undefined;
  readonly step_1?: StepLine | undefined;
  readonly failure?: { readonly code: string; readonly text: string };
}

/** The text that one input line adds to each result file, without line ends. What is absent adds nothing. */
export interface OutputLines {
  readonly step_0?: string;
  readonly step_1?: string;
  readonly failed?: string;
}

/** A line that never became a sample. */
export function composeRejectedResult(line: RejectedLine, imageBase: string): LineResult {
  return { failure: { code: line.code, text: rejectedLine(line, imageBase) } };
}

/** A sample that no step is to blame for (its batch was lost, its worker died). */
export function composeLostResult(sample: Sample, { code, message }: Pick<Failure, 'code' | 'message'>, imageBase: string): LineResult {
  return { failure: { code, text: failedLine(sample, { step: 'run', code, message, attempts: 0 }, imageBase) } };
}

/** The line for `failed.jsonl` with its code, where the line failed. A failed step is the last one taken. */
export function findLineFailure({ step_0, step_1, failure }: LineResult): { code: string; text: string } | undefined {
  const failed = [step_0, step_1].find((step) => step?.facts.status === 'failed');
  return failed ? { code: failed.facts.code ?? 'model_error', text: failed.text } : failure;
}

/** The steps a line was taken through, in order. */
export function listLineSteps({ step_0, step_1 }: LineResult): (readonly [StepName, StepLine])[] {
  return [...(step_0 ? [['step_0', step_0] as const] : []), ...(step_1 ? [['step_1', step_1] as const] : [])];
}
