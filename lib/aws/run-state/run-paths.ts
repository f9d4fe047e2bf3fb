import { createHash } from 'node:crypto';
import type { StepName } from '#core/step-names.ts';
import { parseS3, type S3Location } from '#storage/s3/s3-location.ts';

/** Where a run's files are: `runs/<dataset>/<run id>` in the environment's bucket. */
export interface RunPaths {
  readonly dataset: string;
  readonly runId: string;
  /** Without a slash at its end. */
  readonly prefix: string;
}

/** Files of a run that are no results, by their names below its prefix. */
export const runFiles = {
  manifest: 'work/manifest.jsonl',
  /** The input unpacked, where it came packed: ranges of it can be read. */
  plainInput: 'work/input.jsonl',
  rejected: 'work/rejected.jsonl',
  plan: 'work/plan.json',
  prepareState: 'work/prepare.json',
  collectState: 'work/collect.json',
  mapResults: 'work/map',
} as const;

/** The folder of a step's part files, and a part's name: zero-padded, so that listing gives input order. */
export const partsFolder = (step: StepName) => `work/parts/${step}/`;
export const partName = (firstLine: number) => `${String(firstLine).padStart(12, '0')}.jsonl`;

/** The dataset that an input belongs to: what stands between `inputs/` and the file, of a run's own file the run's dataset, else the file's folder. */
export function resolveDataset(key: string): string {
  const upload = /^inputs\/(.+)\/[^/]+$/.exec(key)?.[1];
  const previous = parsePreviousRun(key)?.dataset;
  const folder = key.slice(0, Math.max(0, key.lastIndexOf('/')));
  return upload ?? previous ?? (folder || key.replace(/\.jsonl(?:\.gz)?$/, '') || 'dataset');
}

/** The run that a file below `runs/` belongs to; dataset names may have slashes, run ids never do. */
export function parsePreviousRun(key: string): RunPaths | undefined {
  const match = /^(runs\/(.+?)\/([^/]+))\/(?:step_0_expression_extraction\/|step_1_grounding\/)?(?:failed|annotations)\.jsonl$/.exec(key);
  return match?.[1] && match[2] && match[3] ? { dataset: match[2], runId: match[3], prefix: match[1] } : undefined;
}

/** Where a run of this input goes. Throws `UsageError` for an input that is no `s3://bucket/key`. */
export function resolveRunPaths(input: string, runId: string): RunPaths & { readonly input: S3Location } {
  const location = parseS3(input);
  const dataset = resolveDataset(location.key);
  return { dataset, runId, prefix: `runs/${dataset}/${runId}`, input: location };
}

/** What makes one upload itself: bucket, key, and the versions of captions and spec. Never the ETag: equal bytes uploaded again are a new run. */
export interface UploadIdentity {
  readonly bucket: string;
  readonly key: string;
  readonly captions: string;
  readonly spec: string | undefined;
}

/** `<dataset>-<16 hex>`: equal for every delivery of one upload, at most 80 characters of what Step Functions allows. */
export function executionName({ bucket, key, captions, spec }: UploadIdentity): string {
  const identity = JSON.stringify([bucket, key, captions, spec ?? null]);
  const readable =
    resolveDataset(key)
      .replace(/[^A-Za-z0-9_-]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 40) || 'dataset';
  return `${readable}-${createHash('sha256').update(identity).digest('hex').slice(0, 16)}`;
}

/** The captions an uploaded file belongs to: itself, or for a spec the captions beside it. */
export const captionsNames = ['captions.jsonl', 'captions.jsonl.gz'] as const;
export const specName = 'spec.yaml';
