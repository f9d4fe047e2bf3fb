import { DeleteObjectCommand, HeadObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { FileNotFoundError, type FileStore } from '#core/ports.ts';
import { isRangeNotSatisfiable, isS3NotFound } from './s3-errors.ts';
import { type ObjectRead, readS3Object } from './s3-object.ts';
import { writeS3Object } from './s3-writer.ts';

export interface S3FilesOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** Key prefix of the root, without a trailing slash; `''` is the bucket itself. */
  readonly prefix: string;
  /** Version to read instead of the latest; for a store with one pinned object. */
  readonly versionId?: string | undefined;
}

/** Files below one prefix of a bucket. Reads stream and resume after a broken connection. Writes are multipart; the object appears complete at `close`. */
export function createS3Files({ client, bucket, prefix, versionId }: S3FilesOptions): FileStore {
  const root = prefix === '' ? '' : `${prefix}/`;
  const keyOf = (path: string) => `${root}${path}`;
  const location = `s3://${bucket}/${prefix}`;

  return {
    location,
    read: (path, range) => readFile({ client, bucket, key: keyOf(path), versionId, range }),
    create: async (path) => writeS3Object(client, bucket, keyOf(path)),
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

/** A range after the end of an object is empty, like a range after the end of a file on disk. */
async function* readFile(read: ObjectRead): AsyncGenerator<Uint8Array> {
  try {
    yield* readS3Object(read);
  } catch (error) {
    if (isS3NotFound(error)) throw new FileNotFoundError(`no such file: s3://${read.bucket}/${read.key}`, { cause: error });
    if (!isRangeNotSatisfiable(error)) throw error;
  }
}
