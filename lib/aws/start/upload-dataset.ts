import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { SampleError, UsageError } from '#core/errors.ts';
import { readSamples } from '#input/read-samples.ts';
import { isS3NotFound } from '#storage/s3/s3-errors.ts';
import { imageLocation } from '#storage/s3/s3-location.ts';
import { resolveImageRoots } from '../run-state/image-roots.ts';
import { captionsNames, specName } from '../run-state/run-paths.ts';

export interface DatasetUpload {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly dataset: string;
  /** The captions on this machine. */
  readonly captions: string;
  /** `data.image_root` of the spec. */
  readonly imageRoot: string;
  /** Local folders that relative image paths are resolved against, in this order. */
  readonly imageFolders: readonly string[];
  /** The text of the spec file to upload with the captions, if any. */
  readonly spec: string | undefined;
  readonly onProgress: (progress: { readonly done: number; readonly failed: number; readonly cached: number }) => void;
  readonly signal: AbortSignal;
}

export interface UploadedDataset {
  readonly key: string;
  readonly uploaded: number;
  /** Images that were already in the bucket. */
  readonly kept: number;
  /** Images found neither locally nor in S3. */
  readonly missing: number;
  readonly firstMissing?: string;
}

/** Concurrent image uploads. */
const CONCURRENCY = 16;

/**
 * Uploads a dataset in the order that a run needs: images, spec, captions. Like `aws s3 sync`, it skips an image that is in the bucket
 * with equal size and is not older. An absolute image path is the key of the object, as a run resolves it.
 */
export async function uploadDataset(options: DatasetUpload): Promise<UploadedDataset> {
  const { s3, bucket, dataset, captions, spec, signal } = options;
  const folder = `inputs/${dataset}`;
  const counts = { uploaded: 0, kept: 0, missing: 0 };
  let firstMissing: string | undefined;
  const base = resolveImageRoots(options.imageRoot, `s3://${bucket}/${folder}`).base;
  const uploadOne = async (imagePath: string) => {
    const result = await uploadImage(imagePath, base, options);
    counts[result]++;
    if (result === 'missing') firstMissing ??= imagePath;
    options.onProgress({ done: counts.uploaded + counts.kept, failed: counts.missing, cached: counts.kept });
  };
  const inFlight = new Set<Promise<void>>();
  for await (const imagePath of listImages(captions)) {
    signal.throwIfAborted();
    while (inFlight.size >= CONCURRENCY) await Promise.race(inFlight);
    const one = uploadOne(imagePath).finally(() => inFlight.delete(one));
    inFlight.add(one);
  }
  await Promise.all(inFlight);
  if (spec !== undefined) await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `${folder}/${specName}`, Body: spec }));
  const key = `${folder}/${captionsNames[captions.endsWith('.gz') ? 1 : 0]}`;
  await putFile(s3, bucket, key, captions);
  return { key, ...counts, firstMissing };
}

/** Each image once. */
async function* listImages(captions: string): AsyncGenerator<string> {
  const seen = new Set<string>();
  for await (const line of readSamples(readLocal(captions))) {
    if (!('sample' in line) || seen.has(line.sample.imagePath)) continue;
    seen.add(line.sample.imagePath);
    yield line.sample.imagePath;
  }
}

async function* readLocal(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path);
  } catch (error) {
    throw new UsageError(`cannot read the captions ${path} (${(error as NodeJS.ErrnoException).code}): check the path`, { cause: error });
  }
}

async function uploadImage(imagePath: string, base: string, { s3, imageFolders }: DatasetUpload): Promise<'uploaded' | 'kept' | 'missing'> {
  if (imagePath.startsWith('s3://')) return 'kept';
  const target = locate(imagePath, base);
  const local = target && (await findLocal(imagePath, imageFolders));
  const there = target && (await headObject(s3, target.bucket, target.key));
  if (!local || !target) return there ? 'kept' : 'missing';
  if (there && there.size === local.size && there.modified >= local.modified) return 'kept';
  await putFile(s3, target.bucket, target.key, local.path);
  return 'uploaded';
}

/** `undefined` for a path that a run on AWS does not read. */
function locate(imagePath: string, base: string): { bucket: string; key: string } | undefined {
  try {
    return imageLocation(imagePath, base);
  } catch (error) {
    if (error instanceof SampleError) return undefined;
    throw error;
  }
}

async function findLocal(imagePath: string, folders: readonly string[]) {
  for (const path of isAbsolute(imagePath) ? [imagePath] : folders.map((folder) => join(folder, imagePath))) {
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile()) return { path, size: found.size, modified: Math.floor(found.mtimeMs / 1000) };
  }
  return undefined;
}

async function headObject(s3: S3Client, Bucket: string, Key: string) {
  try {
    const { ContentLength = 0, LastModified } = await s3.send(new HeadObjectCommand({ Bucket, Key }));
    return { size: ContentLength, modified: Math.floor((LastModified?.getTime() ?? 0) / 1000) };
  } catch (error) {
    if (isS3NotFound(error)) return undefined;
    throw error;
  }
}

/** Uploads a file, a large one in parts. */
async function putFile(client: S3Client, Bucket: string, Key: string, path: string): Promise<void> {
  await new Upload({ client, params: { Bucket, Key, Body: createReadStream(path) } }).done();
}
