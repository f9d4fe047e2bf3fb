import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { ExecutionAlreadyExists, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { z } from 'zod';
import { isS3NotFound } from '#storage/s3/s3-errors.ts';
import { captionsNames, executionName, specName } from '../run-state/run-paths.ts';

/** EventBridge's "Object Created" of S3, as far as it is read. Object keys come unescaped, unlike in S3's own notifications. */
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

/** What an execution is given that an upload started: `uploaded` is what settling compares with. */
export interface UploadStartInput {
  readonly input: string;
  readonly uploaded: { readonly captions: string; readonly spec: string | null };
}

/**
 * Starts the run of an upload. The execution's name and input come from the versions of captions and spec that are there now,
 * so any number of deliveries, of either file's event, are one start. A spec whose captions are still to come starts nothing: theirs will.
 */
export async function startRun(event: unknown, { s3, sfn, stateMachine, notice }: StartRunOptions): Promise<StartedRun> {
  const { bucket, object } = UploadEvent.parse(event).detail;
  const slash = object.key.lastIndexOf('/');
  const folder = object.key.slice(0, slash);
  const file = object.key.slice(slash + 1);
  if (!object.key.startsWith('inputs/') || ![...captionsNames, specName].includes(file)) return { status: 'no dataset file' };
  const look = (name: string) => {
    const eventVersion = name === file ? (object['version-id'] ?? object.sequencer) : undefined;
    return objectNow(s3, bucket.name, `${folder}/${name}`, eventVersion);
  };
  const captions = await newest(file === specName ? captionsNames : [file], look);
  if (captions === undefined) {
    notice('no captions beside this spec yet: their upload will start the run', { key: object.key });
    return { status: 'no captions yet' };
  }
  const key = `${folder}/${captions.name}`;
  const spec = (await look(specName))?.version;
  const name = executionName({ bucket: bucket.name, key, captions: captions.version, spec });
  const input: UploadStartInput = { input: `s3://${bucket.name}/${key}`, uploaded: { captions: captions.version, spec: spec ?? null } };
  const status = await startExecution(sfn, stateMachine, name, input);
  notice(status, { run: name, input: input.input });
  return { status, run: name };
}

/** Same name and same input is a success while the run goes on, `ExecutionAlreadyExists` once it has ended: both mean that it is started. */
export async function startExecution(
  sfn: SFNClient,
  stateMachineArn: string,
  name: string,
  input: object,
): Promise<'started' | 'already started'> {
  try {
    const { startDate } = await sfn.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
    // A start that joins a running execution answers with the date of the first one.
    return startDate !== undefined && Date.now() - startDate.getTime() > 60_000 ? 'already started' : 'started';
  } catch (error) {
    if (error instanceof ExecutionAlreadyExists) return 'already started';
    throw error;
  }
}

/** The version of an object that is current now, `undefined` where there is none. Where the bucket tells no version, the event's own word for it. */
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
    // HEAD has no body: without its status an S3 error is called UnknownError.
    const { httpStatusCode = 'no' } = (error as { $metadata?: { httpStatusCode?: number } }).$metadata ?? {};
    throw new Error(`cannot look at s3://${Bucket}/${Key}: status ${httpStatusCode} (${(error as Error).message})`, { cause: error });
  }
}

/** Of packed and plain captions in one folder those uploaded last: a spec is for what is current. */
async function newest(names: readonly string[], look: (name: string) => ReturnType<typeof objectNow>) {
  const looks = await Promise.all(names.map(async (name) => ({ name, now: await look(name) })));
  const found = looks.flatMap(({ name, now }) => (now ? { name, ...now } : []));
  return found.toSorted((a, b) => b.modified - a.modified)[0];
}
