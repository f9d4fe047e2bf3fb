import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { ExecutionAlreadyExists, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { z } from 'zod';
import { isS3NotFound } from '#storage/s3/s3-errors.ts';
import { captionsNames, executionName, specName } from '../run-state/run-paths.ts';

/** The fields read from EventBridge's "Object Created" event. Its object keys are not escaped, unlike those of S3 notifications. */
const UploadEvent = z.object({
  detail: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({ key: z.string(), 'version-id': z.string().optional(), sequencer: z.string().optional() }),
  }),
});

export interface StartRunOptions {
  readonly s3: S3Client;
  readonly sfn: SFNClient;
  readonly stateMachine: string;
  readonly notice: (message: string, facts: object) => void;
}

export interface StartedRun {
  readonly status: 'started' | 'already started' | 'no captions yet' | 'no dataset file';
  readonly run?: string;
}

/** The input of an execution that an upload started. Prepare compares `uploaded` with the current versions. */
export interface UploadStartInput {
  readonly input: string;
  readonly uploaded: { readonly captions: string; readonly spec: string | null };
}

/**
 * Starts the run of an upload. Name and input of the execution depend only on the current versions of captions and spec,
 * so repeated events of either file start one run. A spec without captions starts no run; the upload of its captions will.
 */
export async function startRun(event: unknown, { s3, sfn, stateMachine, notice }: StartRunOptions): Promise<StartedRun> {
  const { bucket, object } = UploadEvent.parse(event).detail;
  const slash = object.key.lastIndexOf('/');
  const folder = object.key.slice(0, slash);
  const file = object.key.slice(slash + 1);
  if (!object.key.startsWith('inputs/') || ![...captionsNames, specName].includes(file)) return { status: 'no dataset file' };
  const headFile = (name: string) => {
    const eventVersion = name === file ? (object['version-id'] ?? object.sequencer) : undefined;
    return objectNow(s3, bucket.name, `${folder}/${name}`, eventVersion);
  };
  const captions = await newest(file === specName ? captionsNames : [file], headFile);
  if (captions === undefined) {
    notice('this spec has no captions yet; their upload will start the run', { key: object.key });
    return { status: 'no captions yet' };
  }
  const key = `${folder}/${captions.name}`;
  const spec = (await headFile(specName))?.version;
  const name = executionName({ bucket: bucket.name, key, captions: captions.version, spec });
  const input: UploadStartInput = { input: `s3://${bucket.name}/${key}`, uploaded: { captions: captions.version, spec: spec ?? null } };
  const status = await startExecution(sfn, stateMachine, name, input);
  notice(status, { run: name, input: input.input });
  return { status, run: name };
}

/** For the same name and input, Step Functions returns success while the run is running and `ExecutionAlreadyExists` afterwards. Both mean started. */
export async function startExecution(
  sfn: SFNClient,
  stateMachineArn: string,
  name: string,
  input: object,
): Promise<'started' | 'already started'> {
  try {
    const { startDate } = await sfn.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
    // For a running execution, the reply has the date of its first start.
    return startDate !== undefined && Date.now() - startDate.getTime() > 60_000 ? 'already started' : 'started';
  } catch (error) {
    if (error instanceof ExecutionAlreadyExists) return 'already started';
    throw error;
  }
}

/** The current version of an object, `undefined` if it does not exist. In a bucket without versions: `fallbackVersion`, else time and ETag. */
export async function versionNow(s3: S3Client, bucket: string, key: string, fallbackVersion?: string): Promise<string | undefined> {
  return (await objectNow(s3, bucket, key, fallbackVersion))?.version;
}

async function objectNow(s3: S3Client, Bucket: string, Key: string, fallbackVersion?: string) {
  try {
    const { VersionId, LastModified, ETag } = await s3.send(new HeadObjectCommand({ Bucket, Key }));
    const modified = LastModified?.getTime() ?? 0;
    return { version: VersionId ?? fallbackVersion ?? `${modified}-${ETag}`, modified };
  } catch (error) {
    if (isS3NotFound(error)) return undefined;
    // A reply to HEAD has no body, so the SDK calls the error UnknownError. The status is the only information.
    const { httpStatusCode = 'no' } = (error as { $metadata?: { httpStatusCode?: number } }).$metadata ?? {};
    throw new Error(`cannot read the version of s3://${Bucket}/${Key}: status ${httpStatusCode} (${(error as Error).message})`, {
      cause: error,
    });
  }
}

/** Of compressed and plain captions in one folder, the file uploaded last: a spec applies to the current captions. */
async function newest(names: readonly string[], headFile: (name: string) => ReturnType<typeof objectNow>) {
  const files = await Promise.all(names.map(async (name) => ({ name, now: await headFile(name) })));
  const found = files.flatMap(({ name, now }) => (now ? { name, ...now } : []));
  return found.toSorted((a, b) => b.modified - a.modified)[0];
}
