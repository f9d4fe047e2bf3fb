import { createHash } from 'node:crypto';
import type { StepName } from '#core/step-names.ts';
import { parseS3, type S3Location } from '#storage/s3/s3-location.ts';

/** The folder of a run: `runs/<dataset>/<run id>` in the bucket of the environment. */
export interface RunPaths {
  readonly dataset: string;
  readonly runId: string;
  /** Without a slash at its end. */
  readonly prefix: string;
}

/** Working files of a run, by their names below its prefix. */
export const runFiles = {
  manifest: 'work/manifest.jsonl',
  /** The decompressed text of a gzip input, so that byte ranges can be read. */
  plainInput: 'work/input.jsonl',
  rejected: 'work/rejected.jsonl',
  plan: 'work/plan.json',
  prepareState: 'work/prepare.json',
  collectState: 'work/collect.json',
  mapResults: 'work/map',
} as const;

/** The folder of the part files of a step. Their names are zero-padded, so that a listing is in input order. */
export const partsFolder = (step: StepName) => `work/parts/${step}/`;
export const partName = (firstLine: number) => `${String(firstLine).padStart(12, '0')}.jsonl`;

/** The dataset of an input: the path between `inputs/` and the file, the dataset of a run for its result files, otherwise the file's folder. */
export function resolveDataset(key: string): string {
  const upload = /^inputs\/(.+)\/[^/]+$/.exec(key)?.[1];
  const previous = parsePreviousRun(key)?.dataset;
  const folder = key.slice(0, Math.max(0, key.lastIndexOf('/')));
  return upload ?? previous ?? (folder || key.replace(/\.jsonl(?:\.gz)?$/, '') || 'dataset');
}

/** The run of a file below `runs/`. Dataset names may contain slashes, run ids never do. */
export function parsePreviousRun(key: string): RunPaths | undefined {
  const match = /^(runs\/(.+?)\/([^/]+))\/(?:step_0_expression_extraction\/|step_1_grounding\/)?(?:failed|annotations)\.jsonl$/.exec(key);
  return match?.[1] && match[2] && match[3] ? { dataset: match[2], runId: match[3], prefix: match[1] } : undefined;
}

/** The paths of a run of this input. Throws `UsageError` for an input other than `s3://bucket/key`. */
export function resolveRunPaths(input: string, runId: string): RunPaths & { readonly input: S3Location } {
  const location = parseS3(input);
  const dataset = resolveDataset(location.key);
  return { dataset, runId, prefix: `runs/${dataset}/${runId}`, input: location };
}

/** The identity of an upload: bucket, key, and the versions of captions and spec. Never the ETag: uploading equal bytes again starts a new run. */
export interface UploadIdentity {
  readonly bucket: string;
  readonly key: string;
  readonly captions: string;
  readonly spec: string | undefined;
}

/** `<dataset>-<16 hex>`: equal for every event of one upload, at most 80 characters that Step Functions allows. */
export function executionName({ bucket, key, captions, spec }: UploadIdentity): string {
  const identity = JSON.stringify([bucket, key, captions, spec ?? null]);
  const readable =
    resolveDataset(key)
      .replace(/[^A-Za-z0-9_-]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 40) || 'dataset';
  return `${readable}-${createHash('sha256').update(identity).digest('hex').slice(0, 16)}`;
}

/** Names of the files of a dataset. */
export const captionsNames = ['captions.jsonl', 'captions.jsonl.gz'] as const;
export const specName = 'spec.yaml';
