import { z } from 'zod';
import type { StepName } from '#core/ports.ts';
import { listStepNames, stepFiles } from '#core/step-names.ts';
import { composeLostResult, type LineResult } from '#output/line-result.ts';
import { createResultCollector } from '#output/result-collector.ts';
import { openJsonLines } from '../run-state/json-cursor.ts';
import { ManifestLine } from '../run-state/manifest.ts';
import { openParts, type PartReader } from '../run-state/part-reader.ts';
import { plainInput } from '../run-state/plain-input.ts';
import { readBatchSamples } from '../run-state/read-batch-samples.ts';
import { LostUploadError, openUpload, type ResumableUpload } from '../run-state/resumable-upload.ts';
import { runFiles } from '../run-state/run-paths.ts';
import type { StoredPlan } from '../run-state/stored-plan.ts';
import type { Cloud } from '../runtime/cloud.ts';
import type { MergedFacts, MergeState } from './collect-state.ts';

/** A line of the list of refused lines. */
const RefusedLineResult = z.object({ n: z.int().positive(), failure: z.object({ code: z.string(), text: z.string() }) });

export interface MergeOptions {
  readonly cloud: Cloud;
  readonly plan: StoredPlan;
  /** Whether the run was stopped. Missing lines are then pending, not lost. */
  readonly stopped: boolean;
  readonly state: MergeState | undefined;
  /** Whether it is time to suspend the work. */
  readonly isLate: () => boolean;
}

/** Lines between two checks of the time. */
const CHECK_EVERY = 200;
const LOST =
  'the batch of this sample was lost: its function crashed on every attempt or could not be started; fix: start a run with failed.jsonl';

/**
 * Merges parts, refused lines and missing lines into the result files, in input order. A suspended merge returns its state and
 * resumes from it. The state is `undefined` after a lost upload; the merge then starts over.
 */
export async function mergeParts(options: MergeOptions): Promise<{ merged: MergedFacts } | { state: MergeState | undefined }> {
  try {
    return await mergeFrom(options);
  } catch (error) {
    if (error instanceof LostUploadError) return { state: undefined };
    throw error;
  }
}

async function mergeFrom(options: MergeOptions): Promise<{ merged: MergedFacts } | { state: MergeState }> {
  const { cloud, plan, stopped, state, isLate } = options;
  const { bucket } = cloud;
  const path = (name: string) => `${plan.prefix}/${name}`;
  const manifest = await openJsonLines(bucket, path(runFiles.manifest), ManifestLine, state?.manifestOffset ?? 0);
  const refused = await openJsonLines(bucket, path(runFiles.rejected), RefusedLineResult, state?.refusedOffset ?? 0);
  const steps = listStepNames(plan.settings.workflow.steps);
  const from = manifest.value?.n ?? Number.POSITIVE_INFINITY;
  const parts = new Map<StepName, PartReader>();
  for (const step of steps) parts.set(step, await openParts(bucket, plan.prefix, step, from));
  const collector = createResultCollector(plan.settings, state?.collector);
  const files = await openFiles(options, steps);
  let { firstPending } = state ?? {};
  let lost: LostLine[] = [];

  const write = async (line: LineResult) => {
    for (const [name, text] of Object.entries(collector.add(line))) await files.get(name)?.write(`${text}\n`);
  };
  const writeLost = async () => {
    for await (const line of composeLostLines(options, lost)) await write(line);
    lost = [];
  };

  for (let count = 1; manifest.value || refused.value; count++) {
    if (count % CHECK_EVERY === 0) {
      await writeLost();
      if (isLate()) return { state: await suspendMerge() };
    }
    const [line, refusal] = [manifest.value, refused.value];
    if (refusal && (!line || refusal.n < line.n)) {
      await writeLost();
      await write({ failure: refusal.failure });
      await refused.next();
      continue;
    }
    if (!line) break;
    const result = await readLineResult(line, steps, parts);
    if (result.complete) {
      await writeLost();
      await write(result.line);
    } else if (stopped) firstPending ??= line.n;
    else lost.push({ line, step_0: result.line.step_0 });
    await manifest.next();
  }
  await writeLost();
  return { merged: { collector: collector.state, firstPending, files: await closeAll(files) } };

  async function suspendMerge(): Promise<MergeState> {
    const uploads = Object.fromEntries(await Promise.all([...files].map(async ([name, file]) => [name, await file.save()] as const)));
    return { manifestOffset: manifest.offset, refusedOffset: refused.offset, collector: collector.state, firstPending, uploads };
  }
}

interface LostLine {
  readonly line: ManifestLine;
  readonly step_0: LineResult['step_0'];
}

/** The results of the steps for a line; `complete` if no step is missing. */
async function readLineResult(
  { n }: ManifestLine,
  steps: readonly StepName[],
  parts: ReadonlyMap<StepName, PartReader>,
): Promise<{ line: LineResult; complete: boolean }> {
  const line: { step_0?: LineResult['step_0']; step_1?: LineResult['step_1'] } = {};
  for (const step of steps) {
    const found = await parts.get(step)?.at(n);
    if (!found) return { line, complete: false };
    line[step] = found;
    if (found.facts.status === 'failed') break;
  }
  return { line, complete: true };
}

async function* composeLostLines({ cloud, plan }: MergeOptions, lost: readonly LostLine[]): AsyncGenerator<LineResult> {
  if (lost.length === 0) return;
  const steps0 = lost.map(({ step_0 }) => step_0);
  let place = 0;
  const lines = lost.map(({ line }) => line);
  for await (const { sample } of readBatchSamples(plainInput(cloud, plan), lines, plan.input.kind)) {
    const step_0 = steps0[place++];
    yield { ...(step_0 && { step_0 }), ...composeLostResult(sample, { code: 'batch_lost', message: LOST }, plan.imageBase) };
  }
}

async function openFiles({ cloud, plan, state }: MergeOptions, steps: readonly StepName[]): Promise<Map<string, ResumableUpload>> {
  const files = new Map<string, ResumableUpload>();
  for (const name of [...steps, 'failed']) {
    const key = `${plan.prefix}/${resultFileName(name)}`;
    const tailKey = `${plan.prefix}/work/${name}.tail`;
    const upload = { client: cloud.s3, bucket: cloud.variables.BUCKET, key, tailKey, state: state?.uploads[name] };
    files.set(name, await openUpload(upload));
  }
  return files;
}

const resultFileName = (name: string) => (name === 'step_0' || name === 'step_1' ? stepFiles[name] : 'failed.jsonl');

async function closeAll(files: ReadonlyMap<string, ResumableUpload>): Promise<MergedFacts['files']> {
  const facts: MergedFacts['files'] = {};
  for (const [name, file] of files) facts[resultFileName(name)] = await file.close();
  return facts;
}
