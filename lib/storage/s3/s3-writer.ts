import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { FileWriter } from '#core/ports.ts';

/** Bytes of one part. S3 allows 10,000 parts, so an object has at most 156 GiB. */
const partBytes = 16 * 1024 * 1024;

/** Characters buffered before they go into the stream of the upload. */
const bufferedChars = 64 * 1024;

/** Writes one object in parts, two at a time, or a small object in a single request. The object appears complete at `close`. */
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
      // `upload.abort()` does not wait for parts in flight, so these parts would remain and be billed.
      body.destroy(new Error('aborted'));
      await Promise.allSettled([done]);
    },
  };
}
