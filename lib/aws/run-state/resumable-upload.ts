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

/** State of an upload between two function calls. */
export const UploadState = z.object({
  uploadId: z.string().optional(),
  etags: z.array(z.string()),
  bytes: z.number(),
  lines: z.number(),
  /** State of the SHA-256 hash, base64. */
  hash: z.string(),
  /** Bytes that are in no part yet, kept in a separate object. */
  tailBytes: z.number(),
});
export type UploadState = z.infer<typeof UploadState>;

/** The upload of a state no longer exists, or differs from the state. Its content must be written again from the start. */
export class LostUploadError extends Error {
  override readonly name = 'LostUploadError';
}

/**
 * One object that several function calls write, one after the other. It appears complete at `close`. A call may die at any moment,
 * also before the result of `save` or `close` is stored: the next call resumes from the state before and writes the same bytes again.
 */
export interface ResumableUpload {
  /** Text or bytes; lines are counted by their line feeds. */
  write(data: string | Uint8Array): Promise<void>;
  /** Stores the pending bytes. The state goes into `openUpload` of the next call. */
  save(): Promise<UploadState>;
  close(): Promise<FileFacts>;
}

export interface UploadOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  /** Key prefix of stored tails. Each key ends with its byte offset, so that a new tail never overwrites the tail of a stored state. */
  readonly tailKey: string;
  readonly state?: UploadState | undefined;
  /** @default 16 MiB: 10,000 parts are 156 GiB */
  readonly partBytes?: number;
}

const LF = 0x0a;
/** Characters buffered before they are hashed and encoded. */
const TEXT_CHARS = 64 * 1024;

/** Throws `LostUploadError`, and so do the methods of its result. */
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
  let buffered: Uint8Array[] =
    state && state.tailBytes > 0 ? [await readTail({ client, bucket, key: tailAt(tailKey, bytes) }, state.tailBytes)] : [];
  let length = buffered[0]?.length ?? 0;
  let text = '';
  let sending: Promise<void> = Promise.resolve();
  /** An earlier call completed the upload and died, or the upload was aborted; the size of the object distinguishes them. */
  let isGone = false;

  const append = (chunk: Uint8Array) => {
    hash.update(chunk);
    bytes += chunk.length;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) lines++;
    buffered.push(chunk);
    length += chunk.length;
  };

  const appendText = () => {
    if (text !== '') append(Buffer.from(text));
    text = '';
  };

  const sendPart = async () => {
    const body = Buffer.concat(buffered);
    buffered = [];
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
      .catch(ignoreMissingUpload);
    // Awaited before the next part, or by save and close.
    sending.catch(() => {});
  };

  const ignoreMissingUpload = (error: unknown) => {
    if (!(error instanceof S3ServiceException && error.name === 'NoSuchUpload')) throw error;
    isGone = true;
  };

  const complete = async () => {
    await sending;
    const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
    const parts = { Bucket: bucket, Key: key, UploadId: uploadId, MultipartUpload: { Parts } };
    if (!isGone) await client.send(new CompleteMultipartUploadCommand(parts)).catch(ignoreMissingUpload);
    if (isGone && (await measureParts(client, bucket, key)) !== bytes)
      throw new LostUploadError(`the upload of ${key} no longer exists, and there is no object of its ${bytes} bytes`);
  };

  return {
    async write(data) {
      if (typeof data !== 'string') {
        appendText();
        append(data);
      } else {
        text += data;
        if (text.length >= TEXT_CHARS) appendText();
      }
      if (length >= partBytes) await sendPart();
    },
    async save() {
      appendText();
      await sending;
      if (isGone) throw new LostUploadError(`the upload of ${key} no longer exists`);
      const tail = Buffer.concat(buffered);
      if (tail.length > 0) await client.send(new PutObjectCommand({ Bucket: bucket, Key: tailAt(tailKey, bytes), Body: tail }));
      const done = etags.filter((etag) => etag !== undefined);
      return {
        uploadId,
        etags: done,
        bytes,
        lines,
        hash: Buffer.from(hash.save()).toString('base64'),
        tailBytes: tail.length,
      };
    },
    async close() {
      appendText();
      if (uploadId === undefined) {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.concat(buffered) }));
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
  if (tail.length !== bytes) throw new LostUploadError(`${from.key} does not match its state: got ${tail.length} bytes, expected ${bytes}`);
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
