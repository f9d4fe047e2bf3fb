import { PassThrough, Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { FileNotFoundError, type FileStore, type FileWriter } from '#core/ports.ts';
import { isRangeNotSatisfiable, isS3NotFound } from './s3-errors.ts';

/** Size of one part of a multipart upload, in bytes: 10,000 parts of it are S3's limit of an object written here, 156 GiB. */
const partBytes = 16 * 1024 * 1024;
const readAttempts = 5;

export interface S3FilesOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** Key prefix of the root, without a slash at its end; `''` is the bucket itself. */
  readonly prefix: string;
  /** Reads this version of every object instead of the latest; for a store that holds one pinned object. */
  readonly versionId?: string | undefined;
}

/** Files below one prefix of a bucket. Reads are streamed and go on after a broken connection; writes are multipart and appear whole at `close`. */
export function createS3Files({ client, bucket, prefix, versionId }: S3FilesOptions): FileStore {
  const root = prefix === '' ? '' : `${prefix}/`;
  const keyOf = (path: string) => `${root}${path}`;
  const location = `s3://${bucket}/${prefix}`;

  return {
    location,
    read: (path, range) => readObject({ client, Bucket: bucket, Key: keyOf(path), VersionId: versionId, range }),
    create: async (path) => openWriter(client, bucket, keyOf(path)),
    async size(path) {
      try {
        const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: keyOf(path), VersionId: versionId }));
        return head.ContentLength;
      } catch (error) {
        if (isS3NotFound(error)) return undefined;
        throw error;
      }
    },
    async *list(below) {
      let token: string | undefined;
      do {
        const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: keyOf(below), ContinuationToken: token }));
        for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key.slice(root.length);
        token = page.NextContinuationToken;
      } while (token !== undefined);
    },
    async remove(path) {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: keyOf(path) }));
    },
  };
}

interface ObjectRead {
  client: S3Client;
  Bucket: string;
  Key: string;
  VersionId: string | undefined;
  range: { start: number; end?: number } | undefined;
}

async function* readObject({ client, Bucket, Key, VersionId, range }: ObjectRead): AsyncIterable<Uint8Array> {
  const end = range?.end;
  let position = range?.start ?? 0;
  let IfMatch: string | undefined;
  for (let attempt = 1; ; attempt++) {
    if (end !== undefined && position >= end) return;
    const Range = position === 0 && end === undefined ? undefined : `bytes=${position}-${end === undefined ? '' : end - 1}`;
    const object = await client.send(new GetObjectCommand({ Bucket, Key, VersionId, Range, IfMatch })).catch((error: unknown) => {
      if (isS3NotFound(error)) throw new FileNotFoundError(`no such file: s3://${Bucket}/${Key}`, { cause: error });
      if (isRangeNotSatisfiable(error)) return undefined;
      throw error;
    });
    if (object === undefined) return;
    IfMatch = object.ETag;
    try {
      for await (const bytes of bodyOf(object)) {
        position += bytes.byteLength;
        yield bytes;
      }
      return;
    } catch (error) {
      // The SDK retries requests, not bodies: a connection that breaks halfway is taken up where it broke, on the same object.
      if (attempt === readAttempts) throw error;
    }
  }
}

function bodyOf(object: GetObjectCommandOutput): AsyncIterable<Uint8Array> {
  if (!(object.Body instanceof Readable)) throw new TypeError('S3 answered without a readable body');
  return object.Body;
}

function openWriter(client: S3Client, Bucket: string, Key: string): FileWriter {
  const Body = new PassThrough();
  const upload = new Upload({ client, params: { Bucket, Key, Body }, partSize: partBytes, queueSize: 2 });
  const done = upload.done();
  // Awaited at close; until then a failure shows as a destroyed stream, which `write` reports.
  done.catch((error: unknown) => Body.destroy(error instanceof Error ? error : new Error(String(error))));
  Body.on('error', () => {});

  return {
    async write(text) {
      if (Body.destroyed) await done;
      if (!Body.write(text)) await Promise.race([new Promise((resolve) => Body.once('drain', resolve)), done]);
    },
    async close() {
      Body.end();
      await done;
    },
    async abort() {
      await upload.abort();
      Body.destroy();
      await Promise.allSettled([done, finished(Body)]);
    },
  };
}
