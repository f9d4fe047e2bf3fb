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

/** What `groundline retry` does with the failures that are in a results folder. */
export interface RetryPlan {
  /** It takes step 0 too, although the run took step 1 alone: lines failed before that. */
  readonly withStep0: boolean;
  /** What it cannot try again in place, and the command that tries it elsewhere. */
  readonly beyond?: { readonly failures: number; readonly command: string };
}

const Failed = z.object({ _groundline: FailureEnvelope });
const Extracted = AnnotationRecord.pick({ pipeline_steps: true, provenance: true });

/** `location` = the folder as the user names it. */
export async function planRetry(results: FileStore, run: ReadRunFile, location: string): Promise<RetryPlan> {
  const settings = Settings.safeParse(run.spec).data;
  if (!settings || settings.workflow.steps.includes('0')) return { withStep0: false };
  const failures = await failuresBeforeStep1(results);
  if (failures === 0) return { withStep0: false };
  if (await costsNothingElse(results, run, settings)) return { withStep0: true };
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

/** Whether step 0 finds its captions, may write its file again, and has its answers at hand: another model would be paid for every line. */
async function costsNothingElse(results: FileStore, run: ReadRunFile, settings: Settings): Promise<boolean> {
  try {
    await access(settings.data.input_jsonl, constants.R_OK);
    await requireUntouched(results, await readPreviousRun(results), Object.values(stepFiles));
  } catch (error) {
    if (error instanceof UsageError || (error as NodeJS.ErrnoException).code !== undefined) return false;
    throw error;
  }
  const before = await extractedBy(results);
  return before === 'nothing' || (before !== undefined && before === extractionModel(run, settings));
}

/** The model that the step file is of; `undefined` where its records do not say. */
async function extractedBy(results: FileStore): Promise<string | 'nothing' | undefined> {
  for await (const line of readJsonLines(results, stepFiles.step_0)) {
    const record = 'value' in line ? Extracted.safeParse(line.value).data : undefined;
    if (record?.pipeline_steps.includes(stepNames.step_0.pipelineStep)) return record.provenance?.step_0?.model;
  }
  return 'nothing';
}

/** A model that the spec does not name is the only one of its server, as step 1 found it. */
function extractionModel({ steps }: ReadRunFile, { vlm }: Settings): string | undefined {
  return findStepModel(vlm, 'extraction')?.model || steps.step_1?.model;
}
