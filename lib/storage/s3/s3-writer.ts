import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { FileWriter } from '#core/ports.ts';

/** Size of one part of a multipart upload, in bytes: 10,000 parts of it are S3's limit of an object written here, 156 GiB. */
const partBytes = 16 * 1024 * 1024;

/** Characters gathered before they go into the upload's stream. */
const bufferedChars = 64 * 1024;

/** Writes one object in parts, two of them in flight; a small one in a single request. It is there, whole, at `close`. */
export function writeS3Object(client: S3Client, bucket: string, key: string): FileWriter {
  const body = new PassThrough();
  const upload = new Upload({ client, params: { Bucket: bucket, Key: key, Body: body }, partSize: partBytes, queueSize: 2 });
  const done = upload.done();
  // Awaited by the next write or at close; until then a failure shows as a destroyed stream.
  done.catch((error: unknown) => body.destroy(error instanceof Error ? error : new Error(String(error))));
  body.on('error', () => {});
  let buffered = '';

  async function flush(): Promise<void> {
    const text = buffered;
    buffered = '';
    if (body.destroyed) await done;
    if (text === '' || body.write(text)) return;
    await Promise.race([once(body, 'drain').catch(() => done), done]);
  }

  return {
    async write(text) {
      buffered += text;
      if (buffered.length >= bufferedChars) await flush();
    },
    async close() {
      await flush();
      body.end();
      await done;
    },
    async abort() {
      // Not by `upload.abort()`, which does not wait for the parts in flight and so leaves them to be paid for.
      body.destroy(new Error('given up'));
      await Promise.allSettled([done]);
    },
  };
}
