import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { createSHA256 } from 'hash-wasm';
import { z } from 'zod';
import type { FileFacts } from '#core/run-file.ts';
import { isS3NotFound } from '#storage/s3/s3-errors.ts';
import { readS3Object } from '#storage/s3/s3-object.ts';

/** What an upload has to remember when its function is cut off. */
export const UploadState = z.object({
  uploadId: z.string().optional(),
  etags: z.array(z.string()),
  bytes: z.number(),
  lines: z.number(),
  /** Of the hash, base64. */
  hash: z.string(),
  /** Bytes that no part holds yet, kept in an object beside. */
  tailBytes: z.number(),
});
export type UploadState = z.infer<typeof UploadState>;

/** What a state tells of is not there, or is not as told. What was being written has to be written anew. */
export class LostUploadError extends Error {
  override readonly name = 'LostUploadError';
}

/**
 * One object that several calls of a function write, one after the other. It is there, whole, after `close`. A call may die at any moment,
 * also between `save` or `close` and the storing of what they gave back: whoever comes next with the state before writes the same again.
 */
export interface ResumableUpload {
  /** Text or bytes; lines are counted by their line feeds. */
  write(data: string | Uint8Array): Promise<void>;
  /** Puts everything away; the state goes into `openUpload` of the next call. */
  save(): Promise<UploadState>;
  close(): Promise<FileFacts>;
}

export interface UploadOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  /** Where tails are kept between calls, each under this and its place: the next does not take the place of one that a stored state needs. */
  readonly tailKey: string;
  readonly state?: UploadState | undefined;
  /** @default 16 MiB: 10,000 of them are 156 GiB */
  readonly partBytes?: number;
}

const LF = 0x0a;
/** Characters gathered before they are hashed and kept as bytes. */
const TEXT_CHARS = 64 * 1024;

/** Throws `LostUploadError`, as all that it gives back does. */
export async function openUpload({
  client,
  bucket,
  key,
  tailKey,
  state,
  partBytes = 16 * 1024 * 1024,
}: UploadOptions): Promise<ResumableUpload> {
  const hash = await createSHA256();
  if (state) hash.load(Buffer.from(state.hash, 'base64'));
  else hash.init();
  const etags: (string | undefined)[] = [...(state?.etags ?? [])];
  let { uploadId, bytes, lines } = state ?? { uploadId: undefined, bytes: 0, lines: 0 };
  let gathered: Uint8Array[] =
    state && state.tailBytes > 0 ? [await readTail({ client, bucket, key: tailAt(tailKey, bytes) }, state.tailBytes)] : [];
  let length = gathered[0]?.length ?? 0;
  let text = '';
  let sending: Promise<void> = Promise.resolve();
  /** A call before this one completed the upload and died, or the upload was given up: its object tells. */
  let isGone = false;

  const take = (chunk: Uint8Array) => {
    hash.update(chunk);
    bytes += chunk.length;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) lines++;
    gathered.push(chunk);
    length += chunk.length;
  };

  const takeText = () => {
    if (text !== '') take(Buffer.from(text));
    text = '';
  };

  const sendPart = async () => {
    const body = Buffer.concat(gathered);
    gathered = [];
    length = 0;
    await sending;
    if (isGone) return;
    uploadId ??= (await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key }))).UploadId;
    const place = etags.push(undefined) - 1;
    sending = client
      .send(new UploadPartCommand({ Bucket: bucket, Key: key, UploadId: uploadId, PartNumber: place + 1, Body: body }))
      .then(({ ETag }) => {
        etags[place] = ETag;
      })
      .catch(goesOnWithoutUpload);
    // Awaited before the next part, or by save and close.
    sending.catch(() => {});
  };

  const goesOnWithoutUpload = (error: unknown) => {
    if (!(error instanceof S3ServiceException && error.name === 'NoSuchUpload')) throw error;
    isGone = true;
  };

  const complete = async () => {
    await sending;
    const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
    const parts = { Bucket: bucket, Key: key, UploadId: uploadId, MultipartUpload: { Parts } };
    if (!isGone) await client.send(new CompleteMultipartUploadCommand(parts)).catch(goesOnWithoutUpload);
    if (isGone && (await measureParts(client, bucket, key)) !== bytes)
      throw new LostUploadError(`the upload of ${key} is gone, and no object of its ${bytes} bytes is there`);
  };

  return {
    async write(data) {
      if (typeof data !== 'string') {
        takeText();
        take(data);
      } else {
        text += data;
        if (text.length >= TEXT_CHARS) takeText();
      }
      if (length >= partBytes) await sendPart();
    },
    async save() {
      takeText();
      await sending;
      if (isGone) throw new LostUploadError(`the upload of ${key} is gone`);
      const tail = Buffer.concat(gathered);
      if (tail.length > 0) await client.send(new PutObjectCommand({ Bucket: bucket, Key: tailAt(tailKey, bytes), Body: tail }));
      const done = etags.filter((etag) => etag !== undefined);
      return {
        ...(uploadId === undefined ? {} : { uploadId }),
        etags: done,
        bytes,
        lines,
        hash: Buffer.from(hash.save()).toString('base64'),
        tailBytes: tail.length,
      };
    },
    async close() {
      takeText();
      if (uploadId === undefined) {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.concat(gathered) }));
      } else {
        if (length > 0) await sendPart();
        await complete();
      }
      return { sha256: hash.digest('hex'), bytes, lines };
    },
  };
}

const tailAt = (tailKey: string, bytes: number) => `${tailKey}-${bytes}`;

async function readTail(from: { client: S3Client; bucket: string; key: string }, bytes: number): Promise<Uint8Array> {
  const tail = Buffer.concat(
    await Array.fromAsync(readS3Object(from)).catch((error: unknown) => {
      if (isS3NotFound(error)) return [];
      throw error;
    }),
  );
  if (tail.length !== bytes) throw new LostUploadError(`${from.key} has ${tail.length} bytes, not ${bytes}`);
  return tail;
}

async function measureParts(client: S3Client, Bucket: string, Key: string): Promise<number | undefined> {
  try {
    return (await client.send(new HeadObjectCommand({ Bucket, Key }))).ContentLength;
  } catch (error) {
    if (isS3NotFound(error)) return undefined;
    throw error;
  }
}
