import { access, constants } from 'node:fs/promises';
import { z } from 'zod';
import { AnnotationRecord, FailureEnvelope } from '#core/annotation-record.ts';
import { UsageError } from '#core/errors.ts';
import type { FileStore } from '#core/ports.ts';
import { Settings } from '#core/settings.ts';
import { stepFiles, stepNames } from '#core/step-names.ts';
import { readPreviousRun, requireUntouched } from '#local/previous-run.ts';
import { findStepModel } from '#models/step-model.ts';
import { readJsonLines } from '#results/read-json-lines.ts';
import type { ReadRunFile } from '#results/read-run-file.ts';
import { quoteShellArgument } from '../format.ts';

/** How `groundline retry` handles the failures of a results folder. */
export interface RetryPlan {
  /** Whether step 0 runs too, although the run had step 1 alone: some lines failed before step 1. */
  readonly withStep0: boolean;
  /** Failures that cannot be retried in place, and the command that retries them in another folder. */
  readonly beyond?: { readonly failures: number; readonly command: string };
}

const Failed = z.object({ _groundline: FailureEnvelope });
const Extracted = AnnotationRecord.pick({ pipeline_steps: true, provenance: true });

/** Plans the retry of a run. `location` is the folder as the user wrote it. */
export async function planRetry(results: FileStore, run: ReadRunFile, location: string): Promise<RetryPlan> {
  const settings = Settings.safeParse(run.spec).data;
  if (!settings || settings.workflow.steps.includes('0')) return { withStep0: false };
  const failures = await failuresBeforeStep1(results);
  if (failures === 0) return { withStep0: false };
  if (await canExtractInPlace(results, run, settings)) return { withStep0: true };
  const overrides = [`data.input_jsonl=${location}/failed.jsonl`, `results_dir=${location}-retried`, 'workflow.steps=["0","1"]'];
  return {
    withStep0: false,
    beyond: { failures, command: ['groundline', 'retry', location, ...overrides].map(quoteShellArgument).join(' ') },
  };
}

async function failuresBeforeStep1(results: FileStore): Promise<number> {
  let failures = 0;
  for await (const line of readJsonLines(results, 'failed.jsonl')) {
    const failed = 'value' in line ? Failed.safeParse(line.value).data : undefined;
    if (failed && failed._groundline.step !== 'step_1') failures++;
  }
  return failures;
}

/**
 * Whether step 0 can run in place: its captions are readable, its file was not edited, and the extraction model is unchanged.
 * Another model would be billed for every line.
 */
async function canExtractInPlace(results: FileStore, run: ReadRunFile, settings: Settings): Promise<boolean> {
  try {
    await access(settings.data.input_jsonl, constants.R_OK);
    await requireUntouched(results, await readPreviousRun(results), Object.values(stepFiles));
  } catch (error) {
    if (error instanceof UsageError || (error as NodeJS.ErrnoException).code !== undefined) return false;
    throw error;
  }
  const before = await readExtractionModel(results);
  return before === 'nothing' || (before !== undefined && before === configuredExtractionModel(run, settings));
}

/** The model of the step-0 file; `undefined` if its records name none. */
async function readExtractionModel(results: FileStore): Promise<string | 'nothing' | undefined> {
  for await (const line of readJsonLines(results, stepFiles.step_0)) {
    const record = 'value' in line ? Extracted.safeParse(line.value).data : undefined;
    if (record?.pipeline_steps.includes(stepNames.step_0.pipelineStep)) return record.provenance?.step_0?.model;
  }
  return 'nothing';
}

/** The model in the settings; without one, the server's single model, which step 1 has recorded. */
function configuredExtractionModel({ steps }: ReadRunFile, { vlm }: Settings): string | undefined {
  return findStepModel(vlm, 'extraction')?.model || steps.step_1?.model;
}
