import { basename, dirname, resolve } from 'node:path';
import type { SFNClient } from '@aws-sdk/client-sfn';
import { executionName, resolveDataset, specName } from '#aws/run-state/run-paths.ts';
import { startExecution, versionNow } from '#aws/start/start-run.ts';
import { type UploadedDataset, uploadDataset } from '#aws/start/upload-dataset.ts';
import { isRemoteAddress } from '#core/hosts/remote-address.ts';
import { createS3Client } from '#storage/s3/s3-client.ts';
import { formatCount, formatCounted } from '../format.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { createProgressDisplay } from '../progress.ts';
import { systemClock } from '../system-clock.ts';
import type { AwsSpec } from './aws-spec.ts';
import type { CloudEnvironment } from './cloud-environment.ts';

export interface UploadAndStart {
  readonly captions: string;
  readonly spec: AwsSpec;
  /** @default the name of the folder that holds the captions */
  readonly dataset: string | undefined;
  readonly cloud: CloudEnvironment;
  readonly sfn: SFNClient;
}

/** Uploads a local dataset and starts its run. Returns the run's id and input. */
export async function uploadAndStart({
  captions,
  spec,
  dataset: name,
  cloud,
  sfn,
}: UploadAndStart): Promise<{ run: string; input: string }> {
  const dataset = name ?? basename(dirname(resolve(captions)));
  const { bucket } = cloud;
  const s3 = createS3Client();
  const display = createProgressDisplay(process.stderr, () => systemClock.now());
  const interrupt = listenForInterrupt((message) => display.notice(message));
  for (const notice of spec.notices) display.notice(notice);
  try {
    const { image_root: root } = spec.settings.data;
    const folders = [...(root === '' || isRemoteAddress(root) ? [] : [resolve(root)]), dirname(resolve(captions)), process.cwd()];
    const uploaded = await uploadDataset({
      s3,
      bucket,
      dataset,
      captions,
      imageRoot: root,
      imageFolders: folders,
      spec: spec.text,
      onProgress: (progress) => display.show(progress),
      signal: interrupt.signal,
    });
    display.end();
    console.error(describeUpload(uploaded, bucket));
    // The upload's event starts an execution of the same name. Step Functions keeps one of the two.
    const folder = uploaded.key.slice(0, uploaded.key.lastIndexOf('/'));
    const versions = {
      captions: (await versionNow(s3, bucket, uploaded.key)) ?? '',
      spec: await versionNow(s3, bucket, `${folder}/${specName}`),
    };
    const run = executionName({ bucket, key: uploaded.key, ...versions });
    const input = { input: `s3://${bucket}/${uploaded.key}`, uploaded: { captions: versions.captions, spec: versions.spec ?? null } };
    await startExecution(sfn, cloud.stateMachine, run, input);
    return { run, input: input.input };
  } finally {
    display.end();
    interrupt.release();
    s3.destroy();
  }
}

function describeUpload({ key, uploaded, kept, missing, firstMissing }: UploadedDataset, bucket: string): string {
  return [
    `${formatCounted(uploaded, 'image')} uploaded, ${formatCount(kept)} unchanged in the bucket`,
    ...(missing > 0
      ? [`${formatCounted(missing, 'image')} found neither locally nor in S3, the first: ${firstMissing}; these samples will fail`]
      : []),
    `captions of dataset ${resolveDataset(key)} in s3://${bucket}/${key}`,
  ].join('\n');
}
