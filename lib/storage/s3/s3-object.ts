import { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';

/** Connections that may break while one object is read. */
const readAttempts = 5;

export interface ObjectRead {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
  /** Bytes from `start` to `end` (exclusive). @default all */
  readonly range?: { readonly start: number; readonly end?: number } | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Looks at the answer's headers before a byte is taken; what it throws ends the read. */
  readonly onAnswer?: (object: GetObjectCommandOutput) => void;
}

/** An object's bytes. The SDK retries requests, not bodies: a connection that breaks halfway is taken up where it broke, on the same object. */
export async function* readS3Object({ client, bucket, key, versionId, range, signal, onAnswer }: ObjectRead): AsyncGenerator<Uint8Array> {
  const end = range?.end;
  let position = range?.start ?? 0;
  let etag: string | undefined;
  for (let attempt = 1; end === undefined || position < end; attempt++) {
    const object = await client.send(
      new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId, Range: rangeHeader(position, end), IfMatch: etag }),
      signal && { abortSignal: signal },
    );
    const body = openBody(object);
    if (attempt === 1) look(object, body, onAnswer);
    etag = object.ETag;
    // A server may answer a range with the whole object (RFC 9110, 14.2).
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
      // All bytes are here and something is wrong with them: S3's checksum differs.
      if (attempt === readAttempts || position >= last) throw error;
    }
  }
}

/** A refused object's connection is not left waiting for a reader. */
function look(object: GetObjectCommandOutput, body: Readable, onAnswer: ObjectRead['onAnswer']): void {
  try {
    onAnswer?.(object);
  } catch (error) {
    body.destroy();
    throw error;
  }
}

function rangeHeader(start: number, end: number | undefined): string | undefined {
  return start === 0 && end === undefined ? undefined : `bytes=${start}-${end === undefined ? '' : end - 1}`;
}

function openBody({ Body }: GetObjectCommandOutput): Readable {
  if (!(Body instanceof Readable)) throw new TypeError('S3 answered without a readable body');
  return Body;
}
