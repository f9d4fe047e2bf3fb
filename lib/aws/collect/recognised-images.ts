import type { FileStore, StepName } from '#core/ports.ts';
import { listStepNames } from '#core/step-names.ts';
import { parseRecord } from '#input/parse-line.ts';
import type { ReportSample } from '#report/report-data.ts';
import { readPart } from '../run-state/part-file.ts';
import { partsFolder } from '../run-state/run-paths.ts';
import type { StoredPlan } from '../run-state/stored-plan.ts';

/**
 * Whether a run has read and measured the image of a sample. Every record has such an image. A failed line has only the fields
 * of its uploader, so the part files of the run decide.
 */
export function createImageRecogniser(bucket: FileStore, { prefix, settings }: Pick<StoredPlan, 'prefix' | 'settings'>) {
  const steps = listStepNames(settings.workflow.steps);
  const parts = steps.map((step) => openPartsByLine(bucket, prefix, step));
  return async ({ status, line, path }: Pick<ReportSample, 'status' | 'line' | 'path'>): Promise<boolean> => {
    if (status !== 'failed') return true;
    for (const at of parts) {
      const found = await at(line);
      if (found?.facts.image && parseRecord(found.text).image_path === path) return true;
    }
    return false;
  };
}

/** Finds lines in the part files of a step, whose names are their first lines. */
function openPartsByLine(bucket: FileStore, prefix: string, step: StepName) {
  let batches: Promise<number[]> | undefined;
  let last: { readonly batch: number; readonly part: ReturnType<typeof readPart> } | undefined;
  return async (line: number) => {
    batches ??= listBatches(bucket, `${prefix}/${partsFolder(step)}`);
    const batch = (await batches).findLast((first) => first <= line);
    if (batch === undefined) return undefined;
    if (last?.batch !== batch) last = { batch, part: readPart({ bucket, prefix, step, batch }) };
    return (await last.part).get(line);
  };
}

async function listBatches(bucket: FileStore, folder: string): Promise<number[]> {
  const batches: number[] = [];
  for await (const path of bucket.list(folder)) batches.push(Number.parseInt(path.slice(folder.length), 10));
  return batches;
}
