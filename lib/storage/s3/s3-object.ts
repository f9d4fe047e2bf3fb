import { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';

/** Connections used for one object, at most. */
const readAttempts = 5;

export interface ObjectRead {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
  /** Bytes from `start` to `end` (exclusive). @default all */
  readonly range?: { readonly start: number; readonly end?: number } | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Checks the headers of the first reply before its body is read. Its error ends the read. */
  readonly onReply?: (object: GetObjectCommandOutput) => void;
}

/** The bytes of an object. The SDK retries requests, not bodies: after a broken connection, the read resumes at the same byte of the same object. */
export async function* readS3Object({ client, bucket, key, versionId, range, signal, onReply }: ObjectRead): AsyncGenerator<Uint8Array> {
  const end = range?.end;
  let position = range?.start ?? 0;
  let etag: string | undefined;
  for (let attempt = 1; end === undefined || position < end; attempt++) {
    const object = await client.send(
      new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId, Range: rangeHeader(position, end), IfMatch: etag }),
      signal && { abortSignal: signal },
    );
    const body = openBody(object);
    if (attempt === 1) checkReply(object, body, onReply);
    etag = object.ETag;
    // A server may reply to a range with the full object (RFC 9110, 14.2).
    let at = object.ContentRange === undefined ? 0 : position;
    const last = at + (object.ContentLength ?? Number.POSITIVE_INFINITY);
    try {
      for await (const bytes of body as AsyncIterable<Uint8Array>) {
        const wanted = bytes.subarray(Math.max(0, position - at), end === undefined ? undefined : Math.max(0, end - at));
        at += bytes.byteLength;
        if (wanted.byteLength === 0) continue;
        position += wanted.byteLength;
        yield wanted;
      }
      return;
    } catch (error) {
      signal?.throwIfAborted();
      // An error after the last byte is a wrong checksum, which a retry would not repair.
      if (attempt === readAttempts || position >= last) throw error;
    }
  }
}

/** Closes the connection of a refused object. */
function checkReply(object: GetObjectCommandOutput, body: Readable, onReply: ObjectRead['onReply']): void {
  try {
    onReply?.(object);
  } catch (error) {
    body.destroy();
    throw error;
  }
}

function rangeHeader(start: number, end: number | undefined): string | undefined {
  return start === 0 && end === undefined ? undefined : `bytes=${start}-${end === undefined ? '' : end - 1}`;
}

function openBody({ Body }: GetObjectCommandOutput): Readable {
  if (!(Body instanceof Readable)) throw new TypeError('S3 replied without a readable body');
  return Body;
}
